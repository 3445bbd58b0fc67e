"""`keyless scan` of many workflows, whole process, beside another program on the same files and the reading of YAML alone.

`python -m benchmarks.workflows FOLDER [--other PROGRAM]`: FOLDER is a checkout with .github/workflows; PROGRAM is zizmor.
The programs take turns, so that a busy moment of the machine hits all alike, and the fastest of each counts. keyless
runs with its bytecode on disk, as it is installed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import Measured, show

_READ = """
import sys, yaml
from pathlib import Path
for path in Path(sys.argv[1]).glob(".github/workflows/*.y*ml"):
    try:
        yaml.compose(path.read_bytes().decode(), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        pass
"""
MOST_MEMORY = 300.0
"""Megabytes that a scan of 800 workflows may take."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program: wall clock and processor seconds, and its largest memory in MB."""

    wall: float
    processor: float
    memory: float


def once(command: Sequence[str], *, well: tuple[int, ...] = (0,)) -> Run:
    """Run a program to its end; raises SystemExit where it does not end well."""
    start = time.perf_counter()
    installed = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=installed)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in well:
        raise SystemExit(f"{command[0]} ended with {child.returncode}")
    return Run(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measured(folder: Path, other: str | None, rounds: int) -> list[Measured]:
    """Run each program `rounds` times, in turns; the fastest of each counts, and the largest memory of keyless."""
    commands: dict[str, tuple[str, ...]] = {
        "keyless scan": (sys.executable, "-m", "keyless", "--json", "scan", str(folder)),
        "reading the YAML alone": (sys.executable, "-c", _READ, str(folder)),
    }
    if other is not None:
        commands[other] = (
            other,
            "--offline",
            "--format",
            "json",
            "--no-exit-codes",
            str(folder),
        )
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(once(command))
    count = sum(1 for _ in folder.glob(".github/workflows/*.y*ml"))
    return [Measured("workflows", count, "files"), *_rows(runs, other)]


def _rows(runs: Mapping[str, Sequence[Run]], other: str | None) -> list[Measured]:
    rows: list[Measured] = []
    for name, done in runs.items():
        label = Path(name).name
        bar = min(r.wall for r in runs[other]) * 1000 / 2 if name == "keyless scan" and other is not None else None
        rows.append(Measured(f"{label}, wall clock", min(r.wall for r in done) * 1000, "ms", bar))
        rows.append(Measured(f"{label}, processor", min(r.processor for r in done) * 1000, "ms"))
    memory = max(r.memory for r in runs["keyless scan"])
    return [*rows, Measured("keyless scan, memory", memory, "MB", MOST_MEMORY)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workflows", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--other", help="the program to compare with")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    table = measured(given.folder, given.other, given.rounds)
    show(table)
    sys.exit(any(row.missed for row in table))
