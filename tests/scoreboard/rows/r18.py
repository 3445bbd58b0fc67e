"""R18: the world moved after the plan; nothing is touched."""

from __future__ import annotations

from collections.abc import Iterator

from tests.scoreboard.by_pytest import counted


def cases() -> Iterator[str | None]:
    yield from counted("tests/steps/test_moved_world.py")
