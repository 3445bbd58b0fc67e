"""Files and folders of backups: private, never through a link, all of it or nothing, and believed only when read again."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from keyless import files
from keyless.errors import BackupRefused, KeylessError
from keyless.files import FileRefused, FolderRefused, StorageTrouble
from keyless.model.backup import Lease
from keyless.model.realm import Realm
from keyless.vault import IdentityUnlock, RecipientKey, Refusal, Vault, new_recipient
from tests.vault.conftest import LEASE, NOW, Sealed, contents

PUBLIC, PRIVATE = new_recipient()
KEY, UNLOCK = RecipientKey(PUBLIC), IdentityUnlock(PRIVATE)  # no key is derived: these tests open and seal often


@pytest.fixture
def sealed(vault: Vault) -> Sealed:
    """Return a vault with one backup that `UNLOCK` opens."""
    kept = contents()
    return Sealed(vault, vault.seal(kept, LEASE, [KEY]), kept)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_files_are_0600_and_folders_0700_under_every_umask(tmp_path: Path, mask: int) -> None:
    vault = Vault(tmp_path / "a" / "b", Realm.REHEARSAL)
    with umask(mask & 0o077):
        header = vault.seal(contents(), LEASE, [KEY])
        vault.extend(header.id, UNLOCK, Lease(NOW, NOW + timedelta(days=1)))
        vault.export(header.id, tmp_path / "exported")
    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o700, 0o700]
    assert [mode(vault.path(header.id)), mode(tmp_path / "exported")] == [0o600, 0o600]


def test_a_folder_that_others_could_read_is_tightened(sealed: Sealed) -> None:
    folder = sealed.path.parent
    folder.chmod(0o755)
    assert sealed.vault.list() == (sealed.header,)
    assert mode(folder) == 0o700


@pytest.mark.parametrize("bits", [0o702, 0o707, 0o777])
def test_a_folder_that_others_may_write_is_refused(sealed: Sealed, bits: int) -> None:
    sealed.path.parent.chmod(bits)
    for attempt in (
        lambda: sealed.vault.open(sealed.header.id, UNLOCK, now=NOW),
        lambda: sealed.vault.seal(contents(), LEASE, [KEY]),
    ):
        with pytest.raises(FolderRefused, match="Others may write"):
            attempt()


def test_a_folder_below_one_that_others_may_write_is_refused_unless_it_is_sticky(sealed: Sealed) -> None:
    above = sealed.path.parent.parent
    above.chmod(0o777)
    with pytest.raises(FolderRefused, match="could replace"):
        sealed.vault.list()
    above.chmod(0o1777)
    assert sealed.vault.list() == (sealed.header,)


def test_ones_own_group_may_write_and_another_may_not(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed.path.parent.parent.chmod(0o770)
    assert sealed.vault.list() == (sealed.header,)
    monkeypatch.setattr(os, "getegid", lambda: 12345)
    with pytest.raises(FolderRefused, match="could replace"):
        sealed.vault.list()


def test_somebody_elses_folder_or_file_is_refused(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sealed.path
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(FolderRefused, match="somebody else"):
        sealed.vault.list()
    with pytest.raises(FileRefused, match="somebody else"):
        files.plain(path, path.stat(), own=True)


def test_a_folder_that_is_a_link_is_refused(sealed: Sealed, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(sealed.path.parent)
    with pytest.raises(KeylessError):
        Vault(link, Realm.REHEARSAL).list()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(KeylessError):
            Vault(place, Realm.REHEARSAL).seal(contents(), LEASE, [KEY])


def test_a_backup_behind_a_link_is_refused_and_the_target_stays(sealed: Sealed, tmp_path: Path) -> None:
    path = sealed.path
    target = tmp_path / "target"
    path.rename(target)
    before = target.read_bytes()
    path.symlink_to(target)
    for attempt in (
        lambda: sealed.vault.open(sealed.header.id, UNLOCK, now=NOW),
        lambda: sealed.vault.open(path, UNLOCK, now=NOW),
        lambda: sealed.vault.import_(path),
        lambda: sealed.vault.digest(sealed.header.id),
    ):
        with pytest.raises(BackupRefused):
            attempt()
    with pytest.raises(KeylessError):
        sealed.vault.shred(sealed.header.id)
    assert target.read_bytes() == before


def test_a_backup_with_a_second_name_is_refused(sealed: Sealed, tmp_path: Path) -> None:
    os.link(sealed.path, tmp_path / "second")
    with pytest.raises(Refusal, match="second name"):
        sealed.vault.open(sealed.header.id, UNLOCK, now=NOW)
    with pytest.raises(FileRefused, match="second name"):
        sealed.vault.shred(sealed.header.id)


def test_a_pipe_or_folder_in_a_backups_place_is_refused_without_waiting(sealed: Sealed, tmp_path: Path) -> None:
    path = sealed.path
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Refusal, match="plain file"):
        sealed.vault.open(sealed.header.id, UNLOCK, now=NOW)
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path, tmp_path / "missing", Path("/dev/null")):
        with pytest.raises(Refusal):
            sealed.vault.open(place, UNLOCK, now=NOW)


def test_an_export_does_not_follow_a_link(sealed: Sealed, tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(FileRefused):
        sealed.vault.export(sealed.header.id, tmp_path / "link")
    assert not target.exists()


def test_no_draft_is_left_behind(sealed: Sealed) -> None:
    sealed.vault.extend(sealed.header.id, UNLOCK, Lease(NOW, NOW + timedelta(days=1)))
    assert [path.name for path in sealed.path.parent.iterdir()] == [sealed.path.name]


def test_a_disk_that_gives_back_something_else_is_not_believed(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    real = files.read
    monkeypatch.setattr(files, "read", lambda *a, **k: real(*a, **k)[:-9] + b"AAAAAAA=\n")
    with pytest.raises(KeylessError):
        vault.seal(contents(), LEASE, [KEY])
    monkeypatch.undo()
    assert vault.list() == vault.unreadable() == ()


def test_a_disk_that_gives_back_an_older_file_is_not_believed(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    old = sealed.path.read_bytes()
    monkeypatch.setattr(files, "read", lambda *a, **k: old)
    with pytest.raises(StorageTrouble, match="reads differently"):
        sealed.vault.seal(contents(), LEASE, [KEY])
    with pytest.raises(StorageTrouble, match="reads differently"):
        sealed.vault.extend(sealed.header.id, UNLOCK, Lease(NOW, NOW + timedelta(days=1)))
    assert sealed.path.read_bytes() == old


def test_an_export_that_reads_differently_is_not_believed(
    sealed: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyless.vault.folder.read_file", lambda path: b"")
    with pytest.raises(StorageTrouble, match="reads differently"):
        sealed.vault.export(sealed.header.id, tmp_path / "x")


CALLS = ("open", "write", "fsync", "fchmod", "replace", "read", "mkdir", "close", "fstat", "stat", "listdir")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE)


class Failing:
    """Makes the Nth of all calls that change or read files fail, as a disk would."""

    def __init__(self, at: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left, self.code, self.failed = at, code, False
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            self.left -= 1
            if self.left == 0:
                self.failed = True
                if name == "close":  # the descriptor is gone all the same
                    real(*args, **kwargs)
                raise OSError(self.code, os.strerror(self.code))
            return real(*args, **kwargs)

        return call


def attempts(action: Callable[[], object], code: int) -> Iterator[KeylessError]:
    """Run `action` with its 1st, 2nd, … call failing until it succeeds; yield each error."""
    for at in range(1, 200):
        with pytest.MonkeyPatch.context() as patch:
            failing = Failing(at, code, patch)
            try:
                action()
            except KeylessError as error:
                problem: KeylessError | None = error
            else:
                problem = None
        if problem is not None:
            yield problem
        elif not failing.failed:
            return
    pytest.fail("it never succeeded")


@pytest.mark.parametrize("code", ERRORS)
def test_sealing_fails_clearly_at_every_call_and_leaves_nothing(vault: Vault, code: int) -> None:
    count = 0
    for error in attempts(lambda: vault.seal(contents(), LEASE, [KEY]), code):
        assert error.exit_code in (2, 4, 14, 75)
        assert vault.unreadable() == ()
        count += 1
    assert count > 5
    for header in vault.list():  # where an error came after all was safe, what lies there is whole
        assert vault.open(header.id, UNLOCK, now=NOW)[1] == contents()


@pytest.mark.parametrize("code", ERRORS)
def test_extending_fails_clearly_at_every_call_and_never_loses_the_backup(sealed: Sealed, code: int) -> None:
    lease = Lease(NOW, NOW + timedelta(days=30))
    count = 0
    for _ in attempts(lambda: sealed.vault.extend(sealed.header.id, UNLOCK, lease), code):
        assert sealed.vault.open(sealed.header.id, UNLOCK, now=NOW)[1] == sealed.contents
        count += 1
    assert count > 5
    assert sealed.vault.header(sealed.header.id).lease == lease


@pytest.mark.parametrize("code", ERRORS)
def test_opening_fails_clearly_at_every_call_and_touches_nothing(sealed: Sealed, code: int) -> None:
    before = sealed.path.read_bytes()
    for error in attempts(lambda: sealed.vault.open(sealed.header.id, UNLOCK, now=NOW), code):
        assert error.exit_code in (4, 14, 75)
    assert sealed.path.read_bytes() == before


@pytest.mark.parametrize("code", ERRORS)
def test_shredding_goes_on_after_any_failure(vault: Vault, code: int) -> None:
    header = vault.seal(contents(), LEASE, [KEY])
    for _ in attempts(lambda: vault.shred(header.id), code):
        pass
    assert vault.list() == vault.unreadable() == ()


def test_shredding_destroys_the_keys_before_anything_else(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[int, int]] = []
    path, size = sealed.path, sealed.path.stat().st_size
    flushed: list[int] = []
    real, sync = os.pwrite, os.fsync

    def pwrite(handle: int, data: bytes, at: int) -> int:
        written.append((at, len(data)))
        assert not any(data)
        return real(handle, data, at)

    def fsync(handle: int) -> None:
        flushed.append(len(written))
        sync(handle)

    body = path.read_bytes().rindex(b"\n", 0, size - 1) + 1
    monkeypatch.setattr(os, "pwrite", pwrite)
    monkeypatch.setattr(os, "fsync", fsync)
    sealed.vault.shred(sealed.header.id)
    assert written == [(0, body), (body, size - body)]
    assert flushed[:2] == [1, 2]
