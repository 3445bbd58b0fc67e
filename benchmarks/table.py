"""A measured number beside its bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """One number, in `unit`. `bar` is the most that it may be; None: it is counted, not limited."""

    what: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the number is above its bar."""
        return self.bar is not None and self.value > self.bar


def show(rows: Sequence[Measured]) -> None:
    """Print one line for each."""
    width = max(len(row.what) for row in rows)
    for row in rows:
        value = f"{row.value:.0f}" if row.unit == "requests" else f"{row.value:.1f}"
        against = "" if row.bar is None else f"  (at most {row.bar:g}: {'MISSED' if row.missed else 'held'})"
        print(f"{row.what:<{width}}  {value:>6} {row.unit}{against}")
