"""A table, as a value: what it is called, its columns and its rows, all of them text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """`identifier` is stable and stands in JSON. Every row has as many cells as there are columns."""

    identifier: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of the table '{self.identifier}' does not fit its columns")
