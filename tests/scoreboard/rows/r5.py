"""R5: the disk is full, fails, is read-only or not ours, or there are no handles left, at the Nth call, until it completes.

Two ways, because SQLite writes by itself. The calls of the system that keyless makes fail as told; and the kernel truly
refuses: files may not grow past a limit, or no more may be open.
"""

from __future__ import annotations

import errno
import functools
import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from keyless.errors import KeylessError
from keyless.journal import Journal, Lock
from keyless.model.backup import Lease
from keyless.model.github import Repository
from keyless.model.journey import BackupRecord, JourneyState
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from keyless.vault import IdentityUnlock, RecipientKey, Vault, new_recipient
from tests.vault.conftest import LEASE, NOW, contents

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE)
CALLS = ("open", "write", "pwrite", "fsync", "fchmod", "replace", "rename", "unlink", "mkdir", "ftruncate", "close")
REFUSALS = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
CODES = (2, 4, 14, 75)
MOST = 400
PUBLIC, PRIVATE = new_recipient()
KEY, UNLOCK = RecipientKey(PUBLIC), IdentityUnlock(PRIVATE)
LONGER = Lease(NOW, NOW + timedelta(days=30))
REPOSITORY = Repository("acme", "widget")


@dataclass(frozen=True)
class Deed:
    """Something that the store does. `prepare` makes a new place; `after` says what is wrong with it, or None."""

    name: str
    prepare: Callable[[Path], object]
    act: Callable[[object], object]
    after: Callable[[object], str | None]


def cases() -> Iterator[str | None]:
    with tempfile.TemporaryDirectory() as name:
        places = (Path(name) / str(number) for number in range(100_000))
        for deed in (*VAULT, *JOURNAL):
            for code in ERRORS:
                yield from until_done(
                    deed, places, lambda at, code=code: failing_calls(at, code), errno.errorcode[code]
                )
        for deed in JOURNAL:
            for code in REFUSALS:
                yield from until_done(
                    deed, places, lambda at, code=code: failing_statements(at, code), f"SQLite {code}"
                )
        for deed in (*VAULT, *JOURNAL):
            yield from until_done(deed, places, files_end_at, "a full disk")
            yield from until_done(deed, places, handles_end_at, "no handles")


def until_done(deed: Deed, places: Iterator[Path], trouble: Callable, what: str) -> Iterator[str | None]:
    """Let the 1st, 2nd, … call fail, until the deed completes without having met a failure."""
    for at in range(1, MOST):
        place = deed.prepare(next(places))
        with trouble(at) as met:
            problem, ended = attempted(deed, place)
        yield judged(deed, place, problem, f"{deed.name}, {what} at {at}")
        if ended and not met():
            return
    yield f"{deed.name}, {what}: it never completed"


def attempted(deed: Deed, place: object) -> tuple[str | None, bool]:
    """Return what was wrong with how it failed, and whether it ended well."""
    try:
        deed.act(place)
    except KeylessError as error:
        return (None if error.exit_code in CODES and error.what else f"exit code {error.exit_code}"), False
    except Exception as error:  # noqa: BLE001  # whatever is no clear error is a violation
        return f"{type(error).__name__}: {error}", False
    return None, True


def judged(deed: Deed, place: object, problem: str | None, what: str) -> str | None:
    """Nothing may be lost or half there, and the same deed must work once the trouble is over."""
    problem = problem or deed.after(place)
    if problem is None:
        again, ended = attempted(deed, place)
        problem = again or (None if ended else "it fails again with the trouble over") or deed.after(place)
    return None if problem is None else f"{what}: {problem}"


@contextmanager
def failing_calls(at: int, code: int) -> Iterator[Callable[[], bool]]:
    """Let the call number `at` of keyless's own calls of the system fail."""
    left, real = [at], {name: getattr(os, name) for name in CALLS}

    def wrapped(name: str) -> Callable[..., object]:
        def call(*given: object, **more: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                if name == "close":  # the descriptor is gone all the same
                    real[name](*given, **more)
                raise OSError(code, os.strerror(code))
            return real[name](*given, **more)

        return call

    for name in CALLS:
        setattr(os, name, wrapped(name))
    try:
        yield lambda: left[0] <= 0
    finally:
        for name in CALLS:
            setattr(os, name, real[name])


class _Database:
    """A connection whose statement number `left[0]` is refused, as SQLite says it."""

    def __init__(self, real: sqlite3.Connection, left: list[int], code: int) -> None:
        self._real, self._left, self._code = real, left, code

    def execute(self, statement: str, *values: object) -> object:
        self._left[0] -= 1
        if self._left[0] == 0:
            error = sqlite3.OperationalError("as told")
            error.sqlite_errorcode = self._code
            raise error
        return self._real.execute(statement, *values)

    def close(self) -> None:
        self._real.close()


@contextmanager
def failing_statements(at: int, code: int) -> Iterator[Callable[[], bool]]:
    left, real = [at], sqlite3.connect
    sqlite3.connect = lambda *given, **more: _Database(real(*given, **more), left, code)  # type: ignore[assignment]
    try:
        yield lambda: left[0] <= 0
    finally:
        sqlite3.connect = real


@contextmanager
def files_end_at(at: int) -> Iterator[Callable[[], bool]]:
    """No file may grow past a limit: the kernel writes a part and then refuses, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = (at - 1) * 3072
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield lambda: limit < 64 * 1024
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def handles_end_at(at: int) -> Iterator[Callable[[], bool]]:
    """Only so many more files can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + at, hard))
    try:
        yield lambda: at < 8
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# The vault


@dataclass
class Kept:
    """A vault with one backup, one more in a file beside it, and a folder to export to."""

    vault: Vault
    id: str
    folder: Path
    carried: Path


@functools.cache
def vault_master() -> tuple[Path, str, str]:
    folder = Path(tempfile.mkdtemp())
    vault, other = Vault(folder / "backups", Realm.REHEARSAL), Vault(folder / "other", Realm.REHEARSAL)
    carried = other.path(other.seal(contents(), LEASE, [KEY]).id)
    return folder, vault.seal(contents(), LEASE, [KEY]).id, carried.name


def vault_at(folder: Path) -> Kept:
    master, id_, carried = vault_master()
    shutil.copytree(master, folder)
    return Kept(Vault(folder / "backups", Realm.REHEARSAL), id_, folder, folder / "other" / carried)


def backups_hold(kept: Kept) -> str | None:
    """The first backup opens, and so does every other that is listed."""
    if kept.vault.unreadable():
        return f"it left something that cannot be read: {kept.vault.unreadable()}"
    headers = kept.vault.list()
    if kept.id not in {header.id for header in headers}:
        return "the backup is gone"
    whole = all(kept.vault.open(header.id, UNLOCK, now=NOW)[1] == contents() for header in headers)
    return None if whole else "a backup holds something else"


def export_holds(kept: Kept) -> str | None:
    file = kept.folder / "exported"
    if file.exists() and kept.vault.open(file, UNLOCK, now=NOW)[1] != contents():
        return "the export holds something else"
    return backups_hold(kept)


def export(kept: Kept) -> None:
    if not (kept.folder / "exported").exists():
        kept.vault.export(kept.id, kept.folder / "exported")


def nothing_unreadable(kept: Kept) -> str | None:
    """While it is being destroyed a backup may be unreadable; afterwards nothing is left of it."""
    return None


def shred(kept: Kept) -> None:
    kept.vault.shred(kept.id)
    assert not kept.vault.holds(kept.id)


VAULT = (
    Deed("seal", vault_at, lambda kept: kept.vault.seal(contents(), LEASE, [KEY]), backups_hold),
    Deed("extend", vault_at, lambda kept: kept.vault.extend(kept.id, UNLOCK, LONGER), backups_hold),
    Deed("add a key", vault_at, lambda kept: kept.vault.add_key(kept.id, UNLOCK, KEY, now=NOW), backups_hold),
    Deed("import", vault_at, lambda kept: kept.vault.import_(kept.carried), backups_hold),
    Deed("export", vault_at, export, export_holds),
    Deed("open", vault_at, lambda kept: kept.vault.open(kept.id, UNLOCK, now=NOW), backups_hold),
    Deed("shred", vault_at, shred, nothing_unreadable),
)

# The journal


@dataclass
class Written:
    """The folder of a journal, the journey in it, and how many events it had."""

    folder: Path
    journey: str
    events: int


def journal_at(folder: Path) -> Written:
    master = journal_master()
    shutil.copytree(master.folder, folder)
    return replace(master, folder=folder)


@functools.cache
def journal_master() -> Written:
    folder = Path(tempfile.mkdtemp())
    with Journal.open(folder, Realm.REHEARSAL) as journal:
        id_ = journal.begin(REPOSITORY, NOW).id
        for number in range(12):
            journal.intend(id_, Phase.MIGRATE, f"step {number}", NOW)
            journal.done(id_, Phase.MIGRATE, f"step {number}", NOW, {"text": "x" * 400})
        return Written(folder, id_, len(journal.events(id_)))


def nothing_at(folder: Path) -> Written:
    return Written(folder, "", 0)


def journal_holds(written: Written) -> str | None:
    """All that was there is there, the chain holds, and the deed is there whole or not at all."""
    if not written.events and not (written.folder / "journal.sqlite3").exists():
        return None
    with Journal.open(written.folder, Realm.REHEARSAL) as journal:
        journeys = [journey for journey in journal.journeys() if journey.id == written.journey or not written.journey]
        counts = [len(journal.events(journey.id)) for journey in journeys]
        if written.journey and not counts:
            return "the journey is gone"
        return None if all(count >= written.events for count in counts) else "events are gone"


def in_journal(act: Callable[[Journal, str], object]) -> Callable[[Written], object]:
    def job(written: Written) -> None:
        with Journal.open(written.folder, Realm.REHEARSAL) as journal:
            act(journal, written.journey)

    return job


def take_lock(written: Written) -> None:
    with Lock(written.folder, str(REPOSITORY)):
        pass


def a_backup(journey: str) -> BackupRecord:
    return BackupRecord("0" * 16, journey, "/x", "0" * 64, LEASE.expires_at, shredded_at=None)


JOURNAL = (
    Deed("make the journal", nothing_at, in_journal(lambda journal, _: journal.begin(REPOSITORY, NOW)), journal_holds),
    Deed("intend", journal_at, in_journal(lambda j, id_: j.intend(id_, Phase.MIGRATE, "more", NOW)), journal_holds),
    Deed("done", journal_at, in_journal(lambda j, id_: j.done(id_, Phase.MIGRATE, "x", NOW, {"a": 1})), journal_holds),
    Deed(
        "state", journal_at, in_journal(lambda j, id_: j.set_state(id_, JourneyState.WINDOW, NOW, NOW)), journal_holds
    ),
    Deed("backup", journal_at, in_journal(lambda j, id_: j.add_backup(a_backup(id_))), journal_holds),
    Deed("time", journal_at, in_journal(lambda j, _: j.saw(NOW)), journal_holds),
    Deed("lock", journal_at, take_lock, journal_holds),
)
