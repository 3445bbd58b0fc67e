"""Lines of plain text, for a log or a pipe. The terminal's reporter says the same words, in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from keyless.model.realm import Realm
from keyless.model.table import Table
from keyless.model.text import clean
from keyless.render.commands import PROGRAM, with_program

if TYPE_CHECKING:  # what shows diffs and values waits for one: the start of `keyless status` is measured
    from keyless.model.workflow import FileChange
    from keyless.render.diff import DiffLine

REHEARSAL = "REHEARSAL"


class Paper(Protocol):
    """Takes lines and tables that are fit to be shown. `style` is a role: "title", "step", "good", "warn", …"""

    def line(self, text: str, style: str = "", *, whole: bool = False) -> None:
        """Put one line. `whole`: never break it, as it is to be copied."""
        ...

    def table(self, table: Table) -> None: ...
    def diff(self, lines: Sequence[DiffLine]) -> None: ...


class LineReporter:
    """Implements Reporter on a paper. `quiet` leaves out progress: only warnings, links, results and what is next."""

    def __init__(self, paper: Paper, realm: Realm, *, quiet: bool = False, program: str = PROGRAM) -> None:
        self._paper = paper
        self._program = program
        self._quiet = quiet
        self._tag = f"[{REHEARSAL}] " if realm is Realm.REHEARSAL else ""
        self._begun = False
        self._title = ""

    def banner(self, title: str) -> None:
        """Say what this is about and, in a rehearsal, that nothing real is touched."""
        if self._begun:
            self._progress("", "")
        elif self._tag:
            self._paper.line(f"{self._tag}Simulated services: nothing real is read or changed.", "realm")
        self._begun = True
        self._progress(f"{self._tag}{clean(title)}", "title")

    def step_started(self, number: int, total: int, title: str) -> None:
        """Say which step begins."""
        self._title = title
        self._progress(f"{self._tag}[{number}/{total}] {clean(title)}", "step")

    def step_done(self, title: str, detail: str, *, already: bool) -> None:
        """Say how a step ended; `already`: it was so before."""
        self._progress(f"  {'already so' if already else 'done'}: {clean(detail or title)}", "good")

    def waiting(self, what: str, *, link: str | None, advice: Sequence[str]) -> None:
        """Say what is awaited, where to do it, and how."""
        self._paper.line(f"  waiting{' for you to do this' if what == self._title else f': {clean(what)}'}", "warn")
        if link:
            self._paper.line(f"    {clean(link)}", "link", whole=True)
        for line in advice:
            self._paper.line(f"    {clean(line)}")

    def note(self, text: str) -> None:
        """Say something worth knowing."""
        self._progress(clean(text, lines=True), "")

    def warning(self, text: str) -> None:
        """Say something that needs care."""
        self._paper.line(f"Take care: {clean(text, lines=True)}", "warn")

    def link(self, label: str, url: str) -> None:
        """Give an address to open, in full."""
        self._paper.line(f"{clean(label)}:")
        self._paper.line(f"  {clean(url)}", "link", whole=True)

    def diff(self, changes: Sequence[FileChange]) -> None:
        """Show what changes in files."""
        from keyless.render.diff import diff_lines

        for change in changes:
            self._paper.diff(tuple(diff_lines(change)))

    def table(self, table: Table) -> None:
        """Show a table."""
        self._paper.table(_cleaned(table))

    def show(self, value: object) -> None:
        """Show a value by its view."""
        from keyless.render.views import view

        for block in view(value):
            if isinstance(block, Table):
                self.table(block)
            else:
                self._paper.line(clean(block, lines=True))

    def next_command(self, command: str, why: str = "") -> None:
        """Say the one next thing to do."""
        self._paper.line(f"Next{f' ({clean(why)})' if why else ''}:")
        self._paper.line(f"  {clean(with_program(command, self._program))}", "command", whole=True)

    def statistics(self, requests: Mapping[str, int]) -> None:
        """Say how many requests each service was sent."""
        rows = tuple((clean(service), str(count)) for service, count in requests.items())
        self._paper.table(Table("requests", "Requests sent", ("service", "requests"), rows))

    def _progress(self, text: str, style: str) -> None:
        if not self._quiet:
            self._paper.line(text, style)


class PlainPaper:
    """Writes to a text stream, without colours or width."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def line(self, text: str, style: str = "", *, whole: bool = False) -> None:
        """Write one line and push it out, so that a log is never behind."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def table(self, table: Table) -> None:
        """Write a table with aligned columns."""
        widths = [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]
        heads = (table.columns,) if any(table.columns) else ()
        self.line(table.title)
        for row in (*heads, *table.rows):
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.line(f"  {'  '.join(cells)}".rstrip())
        if not table.rows:
            self.line("  (none)")

    def diff(self, lines: Sequence[DiffLine]) -> None:
        """Write a diff; reasons stand in brackets."""
        for line in lines:
            self.line(f"   ({line.text})" if line.kind == "why" else f"  {line.text}")


def _cleaned(table: Table) -> Table:
    return Table(
        table.identifier,
        clean(table.title),
        tuple(map(clean, table.columns)),
        tuple(tuple(map(clean, row)) for row in table.rows),
    )
