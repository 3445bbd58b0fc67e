"""Who may use a journal while, and the small cases of mending one; the large ones are in tests/journeys/test_repair.py."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from keyless.errors import Locked
from keyless.files import FileRefused
from keyless.journal import Journal, Lock, check_export, mending, use
from keyless.model.github import Repository
from keyless.model.journey import BackupRecord
from keyless.model.realm import Realm
from tests.journal.conftest import NOW, WIDGET

AT_WORK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from keyless.journal import Journal, Lock
from keyless.model.github import Repository
from keyless.model.realm import Realm
with Journal.open(Path(sys.argv[1]), Realm.REAL) as journal, Lock(Path(sys.argv[1]), "acme/gadget"):
    journal.begin(Repository("acme", "gadget"), datetime.now(UTC))
    print("at work", flush=True)
    sys.stdin.readline()
"""


def test_no_journal_at_all_is_nothing_to_mend(folder: Path) -> None:
    assert mending.problem(folder, Realm.REAL) is None


def test_what_cannot_be_taken_over_is_left_behind(folder: Path) -> None:
    """A time that is none, and a list of migrations that cannot be read."""
    with Journal.open(folder, Realm.REAL) as journal:
        journal.begin(WIDGET, NOW)
        journal.saw(NOW + timedelta(days=1))
    database = folder / "journal.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as opened:
        opened.execute("UPDATE meta SET value='soon' WHERE key='last_seen'")
        opened.execute("UPDATE journey SET state='dreaming'")
    with mending.mended(folder, Realm.REAL, NOW) as found:
        assert found.aside is not None
        assert found.whole == ()
        assert found.journal.last_seen() is None
        assert found.journal.journeys() == ()


@pytest.mark.parametrize("plant", ["link", "second name", "pipe"])
def test_a_lock_that_is_no_plain_file_of_ones_own_is_refused(folder: Path, tmp_path: Path, plant: str) -> None:
    folder.mkdir(mode=0o700)
    other, lock = tmp_path / "other", folder / use.NAME
    other.write_text("")
    match plant:
        case "link":
            lock.symlink_to(other)
        case "second name":
            os.link(other, lock)
        case _:
            os.mkfifo(lock)
    with pytest.raises(FileRefused):
        Journal.open(folder, Realm.REAL)
    assert not (folder / "journal.sqlite3").exists()


@pytest.mark.parametrize("there", [False, True])
def test_on_a_read_only_disk_a_journal_opens_for_reading(
    folder: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """Nobody mends there either, so there is nothing to keep apart."""
    Journal.open(folder, Realm.REAL).close()
    if not there:
        (folder / use.NAME).unlink()
    plain = os.open

    def read_only(name: str, flags: int, *rest: object, **more: object) -> int:
        if name == use.NAME and flags & (os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, "")
        return plain(name, flags, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", read_only)
    with Journal.open(folder, Realm.REAL) as journal:
        assert journal.journeys() == ()
    with mending.mended(folder, Realm.REAL, NOW) as found:
        assert found.aside is None


def test_another_process_at_work_on_another_repository_is_in_nobodys_way(folder: Path) -> None:
    """Two real processes, one journal: each has its lock, both write, neither waits; and a killed one leaves nothing."""
    other = subprocess.Popen(
        [sys.executable, "-c", AT_WORK, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "at work\n"
        with Journal.open(folder, Realm.REAL) as journal, Lock(folder, "acme/widget"):
            journal.begin(WIDGET, NOW)
            assert {str(one.repository) for one in journal.journeys()} == {"acme/gadget", str(WIDGET)}
    finally:
        other.kill()
        other.communicate()
    with mending.mended(folder, Realm.REAL, NOW) as found, Lock(folder, "acme/gadget"):
        assert found.journal.newest(Repository("acme", "gadget")) is not None


@pytest.fixture
def damaged(folder: Path) -> tuple[str, str]:
    """Two migrations, each with a backup; one event of the second one was changed. Return their ids."""
    with Journal.open(folder, Realm.REAL) as journal:
        ids = tuple(journal.begin(Repository("acme", name), NOW).id for name in ("whole", "changed"))
        for id_ in ids:
            journal.add_backup(BackupRecord(f"b-{id_}", id_, "/x", "00", NOW, None))
        journal.saw(NOW + timedelta(days=1))
    change(folder, "DROP TRIGGER events_keep", f"UPDATE event SET kind='strange' WHERE journey='{ids[1]}' AND number=2")
    return ids[0], ids[1]


def change(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "journal.sqlite3", isolation_level=None)) as opened:
        for statement in statements:
            opened.execute(statement)


def test_whole_histories_are_taken_over_with_their_backups_and_the_latest_time(
    folder: Path, damaged: tuple[str, str]
) -> None:
    """Byte for byte; the changed one stays behind, in the file that was moved aside."""
    whole, _ = damaged
    with mending.mended(folder, Realm.REAL, NOW) as found:
        assert found.whole == (whole,)
        assert [one.id for one in found.journal.journeys()] == [whole]
        assert check_export(list(found.journal.export(whole))).sound
        assert found.journal.knows_backup(f"b-{whole}")
        assert found.journal.last_seen() == NOW + timedelta(days=1)
    assert mending.problem(folder, Realm.REAL) is None


def test_where_no_time_was_seen_none_is_made_up(folder: Path, damaged: tuple[str, str]) -> None:
    change(folder, "DELETE FROM meta WHERE key='last_seen'")
    with mending.mended(folder, Realm.REAL, NOW) as found:
        assert found.whole == damaged[:1]
        assert found.journal.last_seen() is None


def test_a_list_that_sqlite_cannot_read_gives_nothing_and_the_new_journal_is_sound(folder: Path) -> None:
    with Journal.open(folder, Realm.REAL) as journal:
        journal.begin(WIDGET, NOW)
    (folder / "journal.sqlite3").write_bytes(b"no database at all, and long enough to be read as one" * 100)
    with mending.mended(folder, Realm.REAL, NOW) as found:
        assert found.whole == ()
        assert found.journal.begin(WIDGET, NOW).repository == WIDGET
    assert mending.problem(folder, Realm.REAL) is None


def test_nobody_mends_what_is_open_and_nobody_opens_what_is_being_mended(folder: Path) -> None:
    """Each is told which of the two it is."""
    with Journal.open(folder, Realm.REAL), pytest.raises(Locked, match="so it cannot be mended now"):
        use.take(folder, alone=True)
    alone = use.take(folder, alone=True)
    assert alone is not None
    with pytest.raises(Locked, match="is being mended"):
        Journal.open(folder, Realm.REAL)
    os.close(alone)
    Journal.open(folder, Realm.REAL).close()
