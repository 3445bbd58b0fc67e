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

from keyless.files import FileRefused
from keyless.journal import Journal, Lock, mending, use
from keyless.model.github import Repository
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
