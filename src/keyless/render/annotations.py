"""Findings as workflow commands, which GitHub Actions shows beside the lines of a pull request. Pure.

Source: GitHub's documentation ("Workflow commands") and the runner's and toolkit's rules of escaping. A text from a file
stands inside of a command only, so it can neither end the command nor begin one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from keyless.errors import DOCS
from keyless.model.text import clean
from keyless.model.workflow import Place
from keyless.planning.scan import Scan

LEVELS: Final = {"error": "error", "warning": "warning", "note": "notice"}
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def workflow_commands(scan: Scan) -> Iterator[str]:
    """Yield one line for each finding and for each file that could not be understood."""
    for found in scan.analysis.findings:
        message = f"{found.message} {found.advice} {DOCS}/findings/{found.identifier}.md"
        yield _command(LEVELS[found.severity], found.place, found.identifier, message)
    for problem in scan.analysis.problems:
        message = f"This file is not understood, so it may read any secret: {problem.because}."
        yield _command("warning", Place(problem.path, 1, 1), "not-understood", message)


def _command(level: str, place: Place, title: str, message: str) -> str:
    properties = {"file": place.path, "line": place.line, "col": place.column, "title": f"keyless: {title}"}
    listed = ",".join(f"{name}={clean(str(value)).translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{level} {listed}::{clean(message).translate(_DATA)}"
