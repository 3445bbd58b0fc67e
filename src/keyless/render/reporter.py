"""What a command says to whoever started it: an Observer of runs, and the things that only a command shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from keyless.model.table import Table
from keyless.observer import Observer


class Reporter(Observer, Protocol):
    """Shows things, in the order in which it is told. Implementations: terminal, plain, jsonlines, silent."""

    def banner(self, title: str) -> None:
        """Begin a screen: says what it is about, and whether this is a rehearsal."""
        ...

    def table(self, table: Table) -> None: ...

    def show(self, value: object) -> None:
        """Show a value that has a view (see render.views); in JSON, the value itself."""
        ...

    def next_command(self, command: str, why: str = "") -> None:
        """Say the one next thing to do."""
        ...

    def statistics(self, requests: Mapping[str, int]) -> None:
        """Say how many requests each service was sent."""
        ...
