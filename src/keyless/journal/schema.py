"""The journal's file: SQLite, opened with its checks, and its schema, which migrates forwards only.

Rollback journal (`journal_mode=DELETE`) rather than WAL: at rest the journal is one file that can be copied aside as it
is, it can be read on a read-only disk, and nothing hangs on shared memory. `synchronous=EXTRA` flushes the folder too
after a commit, so an intent is on the disk before its effect begins. A journey makes some dozens of commits; the speed
of WAL buys nothing here.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from keyless import files
from keyless.errors import KeylessError, Locked, NeedsAttention, UsageError
from keyless.model.realm import Realm

NAME: Final = "journal.sqlite3"
_DRAFT: Final = ".journal.sqlite3.draft"
_MAGIC: Final = b"SQLite format 3\0"
_APPLICATION: Final = 0x6B796C73  # "kyls": says whose file it is
_PATIENCE: Final = 30.0
"""Seconds to wait for another process that is writing; a commit takes milliseconds."""

_MIGRATIONS: Final = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE journey (
      id TEXT PRIMARY KEY, place TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
      ended INTEGER NOT NULL, started_at TEXT NOT NULL, window_until TEXT,
      events INTEGER NOT NULL, head TEXT NOT NULL
    );
    CREATE UNIQUE INDEX one_open_journey ON journey (place) WHERE ended = 0;
    CREATE TABLE event (
      journey TEXT NOT NULL REFERENCES journey (id), number INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,
      body TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (journey, number)
    ) WITHOUT ROWID;
    CREATE TABLE backup (id TEXT PRIMARY KEY, journey TEXT NOT NULL REFERENCES journey (id)) WITHOUT ROWID;
    CREATE TRIGGER events_stay BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    CREATE TRIGGER events_keep BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    """,
)
VERSION: Final = len(_MIGRATIONS)
_DISAGREES: Final = """
    SELECT 1 FROM journey WHERE place != lower(owner || '/' || name) OR ended != (state IN ('rolled-back', 'finished'))
"""
"""What the list of journeys says twice has to be the same: it is found by one of them and believed by the other."""


class JournalRefused(UsageError):
    """The journal is another realm's, of a newer keyless, or no journal."""


class JournalDamaged(NeedsAttention):
    """The journal cannot be read, or its events do not follow from one another."""


def damaged(path: Path, what: str) -> JournalDamaged:
    """Return the error for a damaged journal, with the way on."""
    return JournalDamaged(
        f"The journal {path} is damaged: {what}.",
        untouched="It was left as it is, and nothing else was changed.",
        hint="Go on with `keyless doctor --repair-journal`. It keeps the damaged file, and writes a new journal from what is "
        "still whole in it, from the backups and from what the services say.",
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says into errors that a person understands."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(path, error) from None
    except OSError as error:
        raise files.trouble(error, f"use the journal {path}") from None


def _meaning(path: Path, error: sqlite3.Error) -> KeylessError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    match code:
        case sqlite3.SQLITE_FULL:
            return files.StorageTrouble(
                f"There is no room on the disk for the journal {path}.",
                hint="Make room, then run the same command again.",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Locked(
                f"Another process has been writing to the journal {path} for {_PATIENCE:.0f} seconds.",
                hint="Run the same command again when it is done.",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return files.FolderRefused(
                f"The journal {path} cannot be written.",
                hint="Make its folder writable for you, or choose another one.",
            )
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_NOMEM:
            return files.StorageTrouble(
                f"The journal {path} cannot be used: the disk or the system refuses.",
                hint="Once that is mended, run the same command again.",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, "it is no sound SQLite file")
        case _:
            return damaged(path, f"SQLite says {type(error).__name__}")


def connect(folder: Path, realm: Realm) -> sqlite3.Connection:
    """Open `folder`'s journal, making it where there is none. Raises JournalRefused or JournalDamaged and changes nothing.

    On a file system that is read-only an existing journal opens for reading; the first write says so.
    """
    path = folder / NAME
    with files.folder(folder) as handle:
        if not os.path.lexists(path):
            _create(path, handle, realm)
        writable = _claim(path, handle)
    with translated(path):
        database = _open(path, "rw" if writable else "ro")
        try:
            _check(database, path, realm)
            if writable:
                _settle(database)
                _migrate(database, realm)
        except BaseException:
            database.close()
            raise
    return database


def _open(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)


def _create(path: Path, handle: int, realm: Realm) -> None:
    """Make a new journal beside its place and move it there whole, so that an empty or half one is always damage.

    The folder's descriptor is locked until it is closed: of two processes that begin at once, one makes the journal.
    """
    draft = path.with_name(_DRAFT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.path.lexists(path):
            return
        for leftover in (draft, Path(f"{draft}-journal")):  # of a run that was killed
            leftover.unlink(missing_ok=True)
        file = os.open(_DRAFT, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, files.FILE_MODE, dir_fd=handle)
        os.fchmod(file, files.FILE_MODE)  # whatever the umask is
        files.close(file)
        with translated(path), closing(_open(draft, "rw")) as database:
            _settle(database)
            _migrate(database, realm)
        os.rename(_DRAFT, NAME, src_dir_fd=handle, dst_dir_fd=handle)
        os.fsync(handle)
    except OSError as error:
        if error.errno not in files.NOT_WRITABLE:
            raise files.trouble(error, f"make the journal {path}") from None
        raise files.FolderRefused(
            f"There is no journal in {path.parent}, and none can be made there: it cannot be written.",
            hint="Make the folder writable for you, or choose another one.",
        ) from None


def _claim(path: Path, handle: int) -> bool:
    """See that the file is a plain one of one's own and make it private; say whether it can be written."""
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    writable = True
    try:
        try:
            file = os.open(NAME, flags | os.O_RDWR, dir_fd=handle)
        except OSError as error:
            if error.errno not in files.NOT_WRITABLE:
                raise
            writable = False
            file = os.open(NAME, flags | os.O_RDONLY, dir_fd=handle)
    except OSError as error:
        raise files.trouble(error, f"use the journal {path}") from None
    try:
        status = os.fstat(file)
        files.plain(path, status, own=True)
        if os.pread(file, len(_MAGIC), 0) != _MAGIC:
            raise damaged(path, "its beginning is missing")  # SQLite would take a very short file for a new one
        if writable and stat.S_IMODE(status.st_mode) != files.FILE_MODE:
            os.fchmod(file, files.FILE_MODE)
    except OSError as error:
        raise files.trouble(error, f"use the journal {path}") from None
    finally:
        files.close(file)
    return writable


def _check(database: sqlite3.Connection, path: Path, realm: Realm) -> None:
    """Look before anything is written: whose file is it, how new, which realm, is it sound."""
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = _version(database)
    if application != _APPLICATION:
        raise JournalRefused(f"{path} is no journal of keyless.", hint="Move it away, or choose another folder.")
    if version > VERSION:
        raise JournalRefused(
            f"The journal {path} was written by a newer keyless (its form is {version}, this one knows {VERSION}).",
            hint="Update keyless.",
        )
    if path.stat().st_size % database.execute("PRAGMA page_size").fetchone()[0]:
        raise damaged(path, "its end is missing")  # SQLite would read the rest of the last page as zeros
    problem = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise damaged(path, "SQLite's own check fails")
    if database.execute(_DISAGREES).fetchone() is not None:
        raise damaged(path, "a migration in it is listed under another name or state than its own")
    row = database.execute("SELECT value FROM meta WHERE key='realm'").fetchone()
    if row is None or row[0] not in {one.value for one in Realm}:
        raise damaged(path, "it does not say which realm it is of")
    if row[0] != realm.value:
        raise JournalRefused(
            f"The journal {path} is of the realm '{row[0]}', and this run is '{realm.value}'.",
            hint="A rehearsal and reality never share a folder; choose another one.",
        )


def _settle(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode=DELETE")
    database.execute("PRAGMA synchronous=EXTRA")
    database.execute("PRAGMA foreign_keys=ON")
    database.execute("PRAGMA trusted_schema=OFF")


def _migrate(database: sqlite3.Connection, realm: Realm) -> None:
    """Bring an older schema, or none at all, to this version; all steps in one transaction."""
    if _version(database) == VERSION:
        return
    with transaction(database):
        version = _version(database)  # another process may have been first
        for migration in _MIGRATIONS[version:]:
            for statement in _statements(migration):
                database.execute(statement)
        if version == 0:
            database.execute("INSERT INTO meta VALUES ('realm', ?)", (realm.value,))
        database.execute(f"PRAGMA application_id={_APPLICATION}")
        database.execute(f"PRAGMA user_version={VERSION}")


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Make everything inside happen together and durably, or not at all."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled back already
            database.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(database: sqlite3.Connection) -> Iterator[None]:
    """Make all reading inside see the same moment; never inside a transaction."""
    database.execute("BEGIN")
    try:
        yield
    finally:
        database.execute("COMMIT")


def quarantine(folder: Path, now: datetime) -> Path:
    """Rename a damaged journal, so that a new one can be begun; only ever when a person asked. Returns its new place."""
    aside = folder / f"journal.damaged-{now:%Y%m%dT%H%M%SZ}.sqlite3"
    with files.folder(folder, create=False) as handle:
        if os.path.lexists(aside):
            raise files.FileRefused(f"{aside} is there already.", hint="Wait a second, or move it away.")
        try:
            os.rename(NAME, aside.name, src_dir_fd=handle, dst_dir_fd=handle)
            with suppress(FileNotFoundError):  # what SQLite needs to make the damaged one whole goes with it
                os.rename(f"{NAME}-journal", f"{aside.name}-journal", src_dir_fd=handle, dst_dir_fd=handle)
            os.fsync(handle)
        except OSError as error:
            raise files.trouble(error, f"move the journal in {folder} aside") from None
    return aside
