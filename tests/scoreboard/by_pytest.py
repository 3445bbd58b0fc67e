"""Rows that are tests already: pytest runs them, each test is a case (or several), a failure a violation."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def counted(*arguments: str, each: int = 1) -> Iterator[str | None]:
    """Run pytest; yield `each` cases for every test that ran. Those that are skipped do not count."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not report.exists():
            yield f"pytest did not run: {done.stdout[-500:]}{done.stderr[-500:]}"
            return
        for test in ET.parse(report).iter("testcase"):
            if test.find("skipped") is None:
                yield from [None] * (each - 1)
                yield problem(test)


def problem(test: ET.Element) -> str | None:
    for kind in ("failure", "error"):
        found = test.find(kind)
        if found is not None:
            return f"{test.get('classname')}::{test.get('name')}: {(found.get('message') or '')[:400]}"
    return None
