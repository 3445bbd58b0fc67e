"""Colours and tables on a terminal, with rich. Texts are never read as markup."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
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
_BETWEEN: Final = 3
"""Columns of the terminal between two columns of a table."""


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
        """Write one line in its style; what does not fit goes on below, as far in."""
        self._put(text, _STYLES[style], whole=whole)

    def _put(self, text: str, style: str, *, whole: bool = False) -> None:
        inner = text.lstrip(" ")
        if whole or not inner or "\n" in text:
            self._console.print(Text(text, style), soft_wrap=whole)
        else:
            self._console.print(Padding(Text(inner, style), (0, 0, 0, len(text) - len(inner)), expand=False))

    def table(self, table: Table) -> None:
        """Write a table; where the terminal is too narrow for its longest words, one row below the other."""
        widths = _widths(table, self._console.width)
        if len(table.columns) > 2 and table.rows and widths is None:
            self._records(table)
            return
        shown = RichTable(
            title=Text(table.title, "bold"), title_justify="left", box=box.SIMPLE, show_header=any(table.columns)
        )
        for column, width in zip_longest(table.columns, widths or ()):
            shown.add_column(Text(column), overflow="fold", width=width)
        for row in table.rows or (("(none)", *("" for _ in table.columns[1:])),):
            shown.add_row(*map(Text, row))
        self._console.print(shown)

    def _records(self, table: Table) -> None:
        self._console.print(Text(f"\n{table.title}", "bold"))
        width = max(map(cell_len, table.columns))
        for row in table.rows:
            grid = RichTable(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
            grid.add_column(width=width, style="cyan")
            grid.add_column(overflow="fold")
            for column, cell in zip(table.columns, row, strict=True):
                grid.add_row(Text(column), Text(cell))
            self._console.print(Padding(grid, (0, 0, 1, 2)))

    def diff(self, lines: Sequence[DiffLine]) -> None:
        """Write a diff in colours; each hunk's reason stands above it."""
        for line in lines:
            if line.kind == "why":
                self._put(f"    # {line.text}", _DIFF["why"])
            else:
                self._put(f"  {line.text}", _DIFF[line.kind], whole=True)


def _widths(table: Table, available: int) -> list[int] | None:
    """Return each column's width, so that no word is broken; None where `available` is too little for that."""
    columns = list(zip(table.columns, *table.rows, strict=True))
    widths = [max(cell_len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    wanted = [max(map(cell_len, column)) for column in columns]
    left = available - sum(widths) - _BETWEEN * len(columns) - 1
    if left < 0 or not table.rows:
        return None
    for _ in range(min(left, sum(wanted) - sum(widths))):
        neediest = max(range(len(columns)), key=lambda n: wanted[n] / widths[n] if wanted[n] > widths[n] else 0)
        widths[neediest] += 1
    return widths
