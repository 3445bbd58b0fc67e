"""The rows, and how one is counted. A row's module has `cases()`: it yields None for a case that held, or what did not."""

from __future__ import annotations

import importlib
import os
import tempfile
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

SHOWN = 5
"""Violations that are told in full; the others are counted."""


@dataclass(frozen=True)
class Row:
    """One row. `least` is the bar; `long` leaves it out of the default run."""

    name: str
    says: str
    least: int
    long: bool = False

    @property
    def module(self) -> str:
        return f"tests.scoreboard.rows.{self.name.lower()}"


ROWS = (
    Row("R1", "killed with SIGKILL around every step, then the plain command again", 100, long=True),
    Row("R2", "killed again during recovery, all pairs", 3_000, long=True),
    Row("R4", "every HTTP call and every fault, once, twice, for ever", 600, long=True),
    Row("R5", "the disk full, failing or read-only at the Nth write", 200),
    Row("R7", "random walks of commands, faults, clock and outside edits", 200, long=True),
    Row("R8", "a backup with anything changed", 90_000),
    Row("R9", "frozen backups, judged by two readers", 80),
    Row("R10", "fuzzed playbooks, workflows, tokens, backups and answers", 1_000),
    Row("R11", "key derivation out of bounds, before memory is taken", 20),
    Row("R12", "passphrases of all kinds", 24),
    Row("R13", "clocks that disagree", 24),
    Row("R14", "a token's text wherever it must not be", 5_000),
    Row("R16", "permissions, links and owners", 40),
    Row("R17", "2, 8 and 50 processes at once", 12),
    Row("R18", "the world moved after the plan", 12, long=True),
    Row("R19", "signals and keys at every prompt of a real terminal", 50, long=True),
    Row("R20", "every question without a terminal", 30),
)


@dataclass(frozen=True)
class Score:
    """What a row came to."""

    row: Row
    cases: int
    seconds: float
    violations: int = 0
    told: tuple[str, ...] = field(default=())

    @property
    def good(self) -> bool:
        return self.violations == 0 and self.cases >= self.row.least

    def line(self) -> str:
        short = "" if self.cases >= self.row.least else f"  TOO FEW: the bar is {self.row.least:,}"
        verdict = "ok  " if self.good else "FAIL"
        counts = f"{self.cases:>7,} cases  {self.violations:>3} violations  {self.seconds:>6.1f} s"
        return f"{self.row.name:<4}{verdict}{counts}  {self.row.says}{short}"


def count(row: Row, cases: Iterable[str | None]) -> Score:
    """Go through all cases. An error that escapes one is a violation, and ends the row."""
    began, number, violations, told = time.monotonic(), 0, 0, []
    try:
        for problem in cases:
            number += 1
            if problem is not None:
                violations += 1
                told += [problem] if len(told) < SHOWN else []
    except Exception:  # noqa: BLE001  # whatever escapes is a violation
        violations += 1
        told.append(f"after {number} cases:\n{traceback.format_exc()}")
    return Score(row, number, time.monotonic() - began, violations, tuple(told))


def in_memory() -> str | None:
    """Return the system's folder in memory, if there is one: each commit flushes, and disks are slow."""
    place = Path("/dev/shm")
    return str(place) if place.is_dir() and os.access(place, os.W_OK) else None


def play(row: Row) -> Score:
    """Import a row and count it."""
    began, before = time.monotonic(), tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix=f"keyless-{row.name}-", dir=in_memory()) as folder:
        tempfile.tempdir = folder  # so that nothing of a row is left behind
        try:
            module = importlib.import_module(row.module)
        except ModuleNotFoundError as error:
            return Score(row, 0, time.monotonic() - began, 1, (f"there is no {error.name}",))
        else:
            return count(row, module.cases())
        finally:
            tempfile.tempdir = before
