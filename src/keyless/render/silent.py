"""Says nothing: for tests and for runs whose outcome is all that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keyless.model.table import Table
from keyless.model.workflow import FileChange


class SilentReporter:
    """Implements Reporter by saying nothing."""

    def banner(self, title: str) -> None:
        """Say nothing."""

    def step_started(self, number: int, total: int, title: str) -> None:
        """Say nothing."""

    def step_done(self, title: str, detail: str, *, already: bool) -> None:
        """Say nothing."""

    def waiting(self, what: str, *, link: str | None, advice: Sequence[str]) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def warning(self, text: str) -> None:
        """Say nothing."""

    def link(self, label: str, url: str) -> None:
        """Say nothing."""

    def diff(self, changes: Sequence[FileChange]) -> None:
        """Say nothing."""

    def table(self, table: Table) -> None:
        """Say nothing."""

    def show(self, value: object) -> None:
        """Say nothing."""

    def next_command(self, command: str, why: str = "") -> None:
        """Say nothing."""

    def statistics(self, requests: Mapping[str, int]) -> None:
        """Say nothing."""
