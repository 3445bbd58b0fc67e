"""A damaged journal: found, moved aside and kept; a new one with every history in the old one that is still whole.

A history is whole when its chain of hashes holds from its first line to the last event that the journal counts. It is
copied byte for byte. What is not whole is left behind, in the file that was moved aside.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from keyless import files
from keyless.errors import KeylessError
from keyless.journal import schema, use
from keyless.journal.journal import Journal
from keyless.model.realm import Realm


@dataclass(frozen=True, slots=True)
class Mended:
    """An open journal that is sound. `aside`: where the damaged one lies now, and `whole` what was taken over from it."""

    journal: Journal
    aside: Path | None
    whole: tuple[str, ...]


def problem(folder: Path, realm: Realm) -> str | None:
    """Return what is wrong with `folder`'s journal, or None when all of it is sound. Reads all of it, changes nothing.

    No file at all is sound. Raises what opening raises for another realm's journal or a newer one (S10).
    """
    if not (folder / schema.NAME).exists():
        return None
    try:
        with closing(schema.connect(folder, realm)) as database:
            journal = Journal(database, folder / schema.NAME, realm)
            for journey in journal.journeys():
                journal.events(journey.id)
    except schema.JournalDamaged as error:
        return error.what
    return None


@contextmanager
def mended(folder: Path, realm: Realm, now: datetime) -> Iterator[Mended]:
    """Open `folder`'s journal, alone. A damaged one is moved aside first. Raises Locked while another run has it open."""
    held = use.take(folder, alone=True)
    try:
        aside = schema.quarantine(folder, now) if problem(folder, realm) else None
        database = schema.connect(folder, realm)
        with Journal(database, folder / schema.NAME, realm) as journal:
            whole = () if aside is None else _take_over(aside, database, realm)
            yield Mended(journal, aside, whole)
    finally:
        if held is not None:
            files.close(held)


def _take_over(aside: Path, into: sqlite3.Connection, realm: Realm) -> tuple[str, ...]:
    """Copy every whole history, each in one transaction; return their ids. What cannot be read is left behind."""
    try:
        with closing(sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as old:
            journal = Journal(old, aside, realm)
            _take_over_time(old, into)
            rows = old.execute("SELECT rowid, * FROM journey ORDER BY rowid").fetchall()
            return tuple(str(row[1]) for row in rows if _taken(journal, old, into, row[1:]))
    except sqlite3.Error:
        return ()


def _taken(journal: Journal, old: sqlite3.Connection, into: sqlite3.Connection, row: Sequence[object]) -> bool:
    try:
        journal.events(str(row[0]))
        events = old.execute("SELECT * FROM event WHERE journey=? ORDER BY number", (row[0],)).fetchall()
        backups = old.execute("SELECT * FROM backup WHERE journey=?", (row[0],)).fetchall()
        with schema.transaction(into):
            into.execute(f"INSERT INTO journey VALUES ({_marks(row)})", row)  # noqa: S608  # question marks
            for table, found in (("event", events), ("backup", backups)):
                into.executemany(f"INSERT INTO {table} VALUES ({_marks(found[0])})" if found else "SELECT 1", found)  # noqa: S608  # names of our own
    except (sqlite3.Error, KeylessError):
        return False
    return True


def _marks(row: Sequence[object]) -> str:
    return ", ".join("?" * len(row))


def _take_over_time(old: sqlite3.Connection, into: sqlite3.Connection) -> None:
    """Keep the latest time seen, so that a lease does not grow because the journal was damaged."""
    try:
        row = old.execute("SELECT value FROM meta WHERE key='last_seen'").fetchone()
        if row is not None and datetime.fromisoformat(row[0]).tzinfo is not None:
            into.execute("INSERT OR REPLACE INTO meta VALUES ('last_seen', ?)", row)
    except (sqlite3.Error, ValueError, TypeError):
        return
