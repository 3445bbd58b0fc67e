"""How a command that is to be copied begins."""

from __future__ import annotations

from typing import Final

PROGRAM: Final = "keyless"


def with_program(command: str, program: str) -> str:
    """Return `command` as it has to be typed: with the options that say which services and which state this run has."""
    rest = command.removeprefix(f"{PROGRAM} ")
    return command if rest == command else f"{program} {rest}"
