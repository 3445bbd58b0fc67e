"""R19: Ctrl-C, Ctrl-D, SIGTERM and SIGHUP at every prompt, on a real terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tests.scoreboard.by_pytest import counted

WAYS = 4


def cases() -> Iterator[str | None]:
    yield from counted("tests/tui/test_prompts.py", "-m", "long", each=WAYS)
