"""What opens a backup, for the commands that work on one: the options, derived from the table of questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from keyless.cli.answering import options_for
from keyless.operators.questions import question

F = TypeVar("F", bound=Callable[..., object])


def unlocking(function: F) -> F:
    """Give a command the options that open a backup."""
    return options_for(question("unlock-passphrase"), question("identity"), question("keyring"))(function)
