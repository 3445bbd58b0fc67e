"""The journal's file: whose it is, how new, sound, private; refused otherwise and never replaced."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keyless import files
from keyless.errors import KeylessError, Locked, NotAllowed
from keyless.files import FileRefused, FolderRefused, StorageTrouble
from keyless.journal import Journal, JournalDamaged, JournalRefused, quarantine, schema
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from tests.journal.conftest import NOW, WIDGET


def made(folder: Path, steps: int = 5) -> Path:
    """Make a journal with some steps; return its file."""
    with Journal.open(folder, Realm.REAL) as journal:
        id_ = journal.begin(WIDGET, NOW).id
        for number in range(steps):
            journal.done(id_, Phase.MIGRATE, f"s{number}", NOW, {"x": "y" * 200})
    return folder / "journal.sqlite3"


def statement(file: Path, text: str) -> None:
    """Run one statement on the file, as somebody else's program would."""
    database = sqlite3.connect(file)
    database.execute(text)
    database.commit()
    database.close()


def left_in(folder: Path) -> list[str]:
    """What lies in a folder beside the lock, which is empty and stays."""
    return sorted(path.name for path in folder.iterdir() if path.name != "journal.lock")


def refused(folder: Path, kind: type[KeylessError], realm: Realm = Realm.REAL) -> KeylessError:
    """Open a journal that must be refused; see that nothing of it changed."""
    file = folder / "journal.sqlite3"
    before = file.read_bytes()
    with pytest.raises(kind) as caught:
        Journal.open(folder, realm)
    assert file.read_bytes() == before
    assert left_in(folder) == ["journal.sqlite3"]
    return caught.value


def test_the_file_is_0600_in_a_folder_0700_under_any_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        file = made(folder / "deep")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "deep", file)] == [0o700, 0o700, 0o600]


def test_a_file_that_others_could_read_is_tightened(folder: Path) -> None:
    file = made(folder)
    file.chmod(0o644)
    Journal.open(folder, Realm.REAL).close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_commit_is_flushed_with_its_folder_and_leaves_one_file(folder: Path) -> None:
    with Journal.open(folder, Realm.REAL) as journal:
        assert journal._database.execute("PRAGMA synchronous").fetchone()[0] == 3
        assert journal._database.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        journal.begin(WIDGET, NOW)
        assert left_in(folder) == ["journal.sqlite3"]


def test_another_realms_journal_is_refused(folder: Path) -> None:
    made(folder)
    assert "real" in refused(folder, JournalRefused, Realm.REHEARSAL).what


def test_a_journal_without_its_realm_is_refused(folder: Path) -> None:
    statement(made(folder), "DELETE FROM meta")
    refused(folder, JournalDamaged)


def test_a_newer_one_is_refused_before_anything_in_it_is_read(folder: Path) -> None:
    file = made(folder)
    statement(file, f"PRAGMA user_version={schema.VERSION + 1}")
    assert "Update keyless" in refused(folder, JournalRefused).hint


def test_another_programs_database_is_refused(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    statement(folder / "journal.sqlite3", "CREATE TABLE mine (x)")
    refused(folder, JournalRefused)


def test_an_empty_file_is_damage_and_never_taken_for_a_new_journal(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "journal.sqlite3").touch()
    refused(folder, JournalDamaged)


def test_a_run_killed_while_making_the_journal_leaves_nothing_in_the_way(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / ".journal.sqlite3.draft").write_bytes(b"half")
    (folder / ".journal.sqlite3.draft-journal").write_bytes(b"half")
    Journal.open(folder, Realm.REAL).close()
    assert left_in(folder) == ["journal.sqlite3"]


def test_of_many_processes_that_begin_at_once_one_makes_the_journal(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime; from keyless.journal import Journal\n"
        "from keyless.model.realm import Realm; from keyless.model.github import Repository\n"
        "with Journal.open(Path(sys.argv[1]), Realm.REAL) as j: j.begin(Repository('o', sys.argv[2]), datetime.now(UTC))"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(folder), f"n{number}"]) for number in range(8)]
    assert [run.wait(30) for run in runs] == [0] * 8
    with Journal.open(folder, Realm.REAL) as journal:
        assert {journey.repository.name for journey in journal.journeys()} == {f"n{number}" for number in range(8)}


def test_an_older_schema_is_brought_forward_and_keeps_what_it_holds(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(folder)
    monkeypatch.setattr(schema, "_MIGRATIONS", (*schema._MIGRATIONS, "CREATE TABLE more (x);"))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with Journal.open(folder, Realm.REAL) as journal:
        assert len(journal.records(journal.journeys()[0].id)) == 5
        assert journal._database.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION
    monkeypatch.undo()
    refused(folder, JournalRefused)


@pytest.mark.parametrize("junk", [b"hello", b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_file_that_is_no_database_is_refused(folder: Path, junk: bytes) -> None:
    folder.mkdir(mode=0o700)
    (folder / "journal.sqlite3").write_bytes(junk)
    assert "doctor --repair-journal" in refused(folder, JournalDamaged).hint


def test_a_journal_cut_anywhere_is_refused_or_still_whole(folder: Path) -> None:
    file = made(folder, 30)
    whole = file.read_bytes()
    for length in [*range(1, len(whole), 1777), 15, 16, 100, 511, 512]:
        file.write_bytes(whole[:length])
        assert isinstance(refused(folder, KeylessError), (JournalDamaged, JournalRefused))


def test_bytes_changed_in_a_journal_are_noticed_or_do_not_matter(folder: Path) -> None:
    file = made(folder, 30)
    whole = file.read_bytes()
    with Journal.open(folder, Realm.REAL) as journal:
        (journey,) = journal.journeys()
        events = journal.events(journey.id)
    chance = random.Random(11)
    noticed = 0
    for _ in range(150):
        at = chance.randrange(len(whole))
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        try:
            with Journal.open(folder, Realm.REAL) as journal:
                assert journal.events(journey.id) == events
        except KeylessError:
            noticed += 1
    assert noticed > 30


def test_it_is_not_followed_through_a_link(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    folder.mkdir(mode=0o700)
    (folder / "journal.sqlite3").symlink_to(target)
    with pytest.raises(FileRefused):
        Journal.open(folder, Realm.REAL)
    assert not target.exists()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_folder_in_its_place_is_refused_without_waiting(folder: Path, make: Callable[[Path], None]) -> None:
    folder.mkdir(mode=0o700)
    make(folder / "journal.sqlite3")
    with pytest.raises(FileRefused):
        Journal.open(folder, Realm.REAL)


def test_a_journal_with_a_second_name_is_refused(folder: Path, tmp_path: Path) -> None:
    os.link(made(folder), tmp_path / "second")
    with pytest.raises(FileRefused, match="second name"):
        Journal.open(folder, Realm.REAL)


def test_a_missing_home_is_a_clear_error() -> None:
    with pytest.raises(KeylessError) as caught:
        Journal.open(Path("/proc/nobody/home"), Realm.REAL)
    assert "/proc/nobody/home" in caught.value.what


def read_only(patch: pytest.MonkeyPatch) -> None:
    """Make every opening for writing fail, as on a read-only disk."""
    real = os.open

    def refusing(path: str, flags: int, *args: int, **kwargs: int) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(files.NOT_WRITABLE[2], "read-only")
        return real(path, flags, *args, **kwargs)

    patch.setattr(os, "open", refusing)


def test_on_a_read_only_disk_it_can_be_read_and_writing_says_why_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(folder)
    read_only(monkeypatch)
    with Journal.open(folder, Realm.REAL) as journal:
        (journey,) = journal.journeys()
        assert len(journal.records(journey.id)) == 5
        with pytest.raises(FolderRefused, match="cannot be written"):
            journal.intend(journey.id, Phase.MIGRATE, "more", NOW)


def test_on_a_read_only_disk_without_a_journal_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(mode=0o700)
    read_only(monkeypatch)
    with pytest.raises(NotAllowed, match="There is no journal"):
        Journal.open(folder, Realm.REAL)


class Answering:
    """A database that answers every statement with one error."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.in_transaction = True

    def execute(self, *args: object) -> object:
        error = sqlite3.OperationalError("as told")
        error.sqlite_errorcode = self.code
        raise error

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, StorageTrouble),
        (sqlite3.SQLITE_IOERR, StorageTrouble),
        (sqlite3.SQLITE_IOERR | 12 << 8, StorageTrouble),
        (sqlite3.SQLITE_CANTOPEN, StorageTrouble),
        (sqlite3.SQLITE_NOMEM, StorageTrouble),
        (sqlite3.SQLITE_BUSY, Locked),
        (sqlite3.SQLITE_READONLY, FolderRefused),
        (sqlite3.SQLITE_CORRUPT, JournalDamaged),
        (sqlite3.SQLITE_NOTADB, JournalDamaged),
        (sqlite3.SQLITE_CONSTRAINT, JournalDamaged),
    ],
)
def test_each_trouble_of_the_database_has_its_own_error(folder: Path, code: int, kind: type[KeylessError]) -> None:
    journal = Journal(Answering(code), folder / "journal.sqlite3", Realm.REAL)  # type: ignore[arg-type]
    for attempt in (
        lambda: journal.begin(WIDGET, NOW),
        journal.journeys,
        journal.last_seen,
        lambda: journal.events("x"),
    ):
        with pytest.raises(kind):
            attempt()


def test_another_writer_is_waited_for_and_then_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_PATIENCE", 0.05)
    with Journal.open(folder, Realm.REAL) as journal, Journal.open(folder, Realm.REAL) as other:
        other._database.execute("BEGIN IMMEDIATE")
        with pytest.raises(Locked, match="Another process"):
            journal.begin(WIDGET, NOW)
        other._database.execute("ROLLBACK")
        assert journal.begin(WIDGET, NOW).repository == WIDGET


def test_a_transaction_that_fails_leaves_nothing(journal: Journal) -> None:
    def fail() -> None:
        with schema.transaction(journal._database):
            journal._database.execute("INSERT INTO meta VALUES ('x', 'y')")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert journal._database.execute("SELECT count(*) FROM meta WHERE key='x'").fetchone()[0] == 0


def test_a_damaged_journal_is_moved_aside_only_when_asked(folder: Path) -> None:
    made(folder).write_bytes(b"damaged")
    (folder / "journal.sqlite3-journal").write_bytes(b"hot")
    aside = quarantine(folder, NOW)
    assert aside.read_bytes() == b"damaged"
    assert Path(f"{aside}-journal").read_bytes() == b"hot"
    with Journal.open(folder, Realm.REAL) as journal:
        assert journal.journeys() == ()
    with pytest.raises(FileRefused, match="there already"):
        quarantine(folder, NOW)


def test_there_may_be_nothing_to_move_aside(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    with pytest.raises(FileRefused):
        quarantine(folder, NOW)


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from keyless.journal import Journal
from keyless.model.github import Repository
from keyless.model.plan import Phase
from keyless.model.realm import Realm
journal = Journal.open(Path(sys.argv[1]), Realm.REAL)
now = datetime(2026, 11, 23, tzinfo=UTC)
id_ = journal.begin(Repository("a", "b"), now).id
journal.intend(id_, Phase.MIGRATE, "durable", now)
journal._database.execute("BEGIN IMMEDIATE")
journal._history.append(id_, now, "step", {"phase": "migrate", "step": "half", "state": "intended", "evidence": None})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_intent_is_there_after_a_kill_and_half_a_transaction_is_not(folder: Path) -> None:
    run = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert run.returncode == -9
    with Journal.open(folder, Realm.REAL) as journal:
        (journey,) = journal.journeys()
        assert [record.step for record in journal.records(journey.id)] == ["durable"]


def test_importing_it_brings_nothing_beyond_the_standard_library() -> None:
    code = "import sys, keyless.journal; print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert {name for name in found if not name.startswith("_")} <= {"keyless", "sitecustomize", "distutils-precedence"}


CALLS = ("open", "fsync", "fchmod", "rename", "pread", "fstat", "unlink")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EACCES])
@pytest.mark.parametrize("there", [False, True])
def test_opening_fails_clearly_at_every_call_and_never_half(folder: Path, code: int, there: bool) -> None:
    if there:
        made(folder)
        (folder / "journal.sqlite3").chmod(0o644)
    failures: list[int] = []
    for at in range(1, 60):
        left = [at]

        def wrapped(real: Callable[..., object], left: list[int]) -> Callable[..., object]:
            def call(*args: object, **kwargs: object) -> object:
                left[0] -= 1
                if left[0] == 0:
                    raise OSError(code, os.strerror(code))
                return real(*args, **kwargs)

            return call

        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, wrapped(getattr(os, name), left))
            try:
                Journal.open(folder, Realm.REAL).close()
            except KeylessError as error:
                failures.append(error.exit_code)
        if left[0] > 0:
            break
    assert len(failures) > 3
    assert set(failures) <= {4, 75}
    with Journal.open(folder, Realm.REAL) as journal:
        assert len(journal.journeys()) == there


def test_trouble_of_the_system_inside_the_database_is_translated(tmp_path: Path) -> None:
    with pytest.raises(StorageTrouble), schema.translated(tmp_path):
        raise OSError(errno.EIO, "as told")


def test_a_check_of_sqlites_own_that_fails_is_damage(folder: Path) -> None:
    file = made(folder, 40)
    whole = bytearray(file.read_bytes())
    whole[4096 * 2 : 4096 * 2 + 8] = bytes(8)
    file.write_bytes(whole)
    refused(folder, JournalDamaged)


def test_a_journal_that_somebody_made_a_moment_before_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fcntl.flock

    def slow(handle: int, how: int) -> None:
        if how == fcntl.LOCK_EX:  # whoever makes the journal; its use is shared
            monkeypatch.setattr(fcntl, "flock", real)
            made(folder)
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    with Journal.open(folder, Realm.REAL) as journal:
        assert len(journal.journeys()) == 1


def test_a_version_that_another_process_migrated_meanwhile_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal.open(folder, Realm.REAL) as journal:
        versions = iter([0, schema.VERSION])
        monkeypatch.setattr(schema, "_version", lambda database: next(versions))
        schema._migrate(journal._database, Realm.REAL)
        assert journal.journeys() == ()
