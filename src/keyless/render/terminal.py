"""Colours and tables on a terminal, with rich. Texts are never read as markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TextIO

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from keyless.model.table import Table

if TYPE_CHECKING:
    from keyless.render.diff import DiffLine

_STYLES: Final = {
    "": "",
    "realm": "bold black on yellow",
    "title": "bold",
    "step": "cyan",
    "good": "green",
    "warn": "yellow",
    "link": "underline blue",
    "command": "bold green",
}
_DIFF: Final = {
    "file": "bold",
    "place": "cyan",
    "why": "italic yellow",
    "added": "green",
    "removed": "red",
    "same": "dim",
}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command line, instead of ending the process from in here."""
        raise BrokenPipeError


class TerminalPaper:
    """Writes to a terminal. What it is given is already fit to be shown."""

    def __init__(self, stream: TextIO, *, colour: bool = True, width: int | None = None) -> None:
        self._console = _Console(
            file=stream,
            no_color=not colour,
            width=width,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def line(self, text: str, style: str = "", *, whole: bool = False) -> None:
        """Write one line in its style."""
        self._console.print(Text(text, _STYLES[style]), soft_wrap=whole)

    def table(self, table: Table) -> None:
        """Write a table."""
        shown = RichTable(
            title=Text(table.title, "bold"), title_justify="left", box=box.SIMPLE, show_header=any(table.columns)
        )
        for column in table.columns:
            shown.add_column(Text(column), overflow="fold")
        for row in table.rows or (("(none)", *("" for _ in table.columns[1:])),):
            shown.add_row(*map(Text, row))
        self._console.print(shown)

    def diff(self, lines: Sequence[DiffLine]) -> None:
        """Write a diff in colours; each hunk's reason stands above it."""
        for line in lines:
            text = f"  {line.text}" if line.kind != "why" else f"   # {line.text}"
            self._console.print(Text(text, _DIFF[line.kind]), soft_wrap=True)
