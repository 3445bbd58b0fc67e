"""R20: without a terminal every question has a flag and a key, and a missing one is named."""

from __future__ import annotations

from collections.abc import Iterator

from tests.scoreboard.by_pytest import counted


def cases() -> Iterator[str | None]:
    yield from counted("tests/operators/test_headless.py", "tests/cli/test_answering.py")
