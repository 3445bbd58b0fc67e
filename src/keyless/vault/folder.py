"""The folder of backups: names, reading, writing and destroying files. What stands in them is not its business."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from keyless import files
from keyless.model.backup import BackupSubject, Lease
from keyless.model.backup_file import SUFFIX
from keyless.model.realm import Realm
from keyless.vault.envelope import LARGEST, MAGIC
from keyless.vault.refusal import Reason, Refusal

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.]+")
_ID: Final = re.compile(r"[0-9a-f]{16}")


def file_name(id_: str, subject: BackupSubject, lease: Lease) -> str:
    """Return a name that a person recognises: what it is for, from when, and its id."""
    what = _UNSAFE.sub("-", f"{subject.repository.owner}-{subject.repository.name}").strip("-.")[:80]
    rehearsal = "REHEARSAL-" if subject.realm == Realm.REHEARSAL.value else ""
    return f"{rehearsal}{what}-{lease.issued_at:%Y-%m-%d}-{id_}{SUFFIX}"


def is_id(text: str) -> bool:
    """Whether this has the form of a backup's id."""
    return _ID.fullmatch(text) is not None


class Folder:
    """One private folder of backups."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> tuple[str, ...]:
        """Return the names of all backups, in order; none where the folder is not there yet."""
        if not os.path.lexists(self.path):
            return ()
        with self._opened(create=False) as handle:
            return tuple(name for name in _listed(handle) if _is_backup(name))

    def name(self, id_: str) -> str:
        """Return the file name of a backup. Raises Refusal when there is none, or more than one."""
        found = [name for name in self.names() if is_id(id_) and name.endswith(f"{id_}{SUFFIX}")]
        if not found:
            raise Refusal(Reason.MISSING, f"There is no backup {id_!a} in {self.path}.")
        if len(found) > 1:
            raise Refusal(Reason.DAMAGED, f"There are {len(found)} files for the backup {id_} in {self.path}.")
        return found[0]

    def read(self, name: str) -> bytes:
        """Return a backup's bytes."""
        with self._opened(create=False) as handle:
            return _readable(name, handle)

    def write(self, name: str, data: bytes, *, replace: bool) -> None:
        """Write a backup durably, all of it or nothing."""
        with self._opened(create=True) as handle:
            files.write(handle, name, data, replace=replace)

    def destroy(self, id_: str) -> None:
        """Overwrite every file of this id, the part with the wrapped keys first, then remove it; none is fine."""
        if not os.path.lexists(self.path):
            return
        with self._opened(create=False) as handle:
            for name in _listed(handle):
                if f"{id_}{SUFFIX}" in name:  # drafts of a killed run too
                    _destroy(handle, name)
            os.fsync(handle)

    @contextmanager
    def _opened(self, *, create: bool) -> Iterator[int]:
        with files.folder(self.path, create=create) as handle:
            try:
                yield handle
            except OSError as error:
                raise files.trouble(error, f"use the folder {self.path}") from None


def read_file(path: Path) -> bytes:
    """Return the bytes of a backup that lies anywhere. Raises Refusal for anything but a plain file of its size."""
    return _readable(path, None)


def _readable(name: str | Path, within: int | None) -> bytes:
    try:
        return files.read(name, limit=LARGEST, within=within)
    except files.FileRefused as error:
        raise Refusal(Reason.NOT_A_BACKUP, error.what) from None


def export_file(path: Path, data: bytes) -> None:
    """Write a backup to a place of the user's choice, where nothing may be yet, and read it again."""
    files.write_new(path, data)
    if read_file(path) != data:
        raise files.StorageTrouble(f"{path} reads differently from what was written.", hint="Choose another disk.")


def _listed(handle: int) -> list[str]:
    return sorted(os.listdir(handle))  # pathlib takes no descriptor


def _is_backup(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")


def _destroy(handle: int, name: str) -> None:
    """Zeros over the header first (with its wrapped keys), flushed, then over the rest, flushed; then the name goes."""
    try:
        file = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    except OSError as error:
        raise files.trouble(error, f"destroy {name}") from None
    try:
        status = os.fstat(file)
        files.plain(name, status, own=True)
        head = min(_head_length(file), status.st_size)
        _zero(file, 0, head)
        _zero(file, head, status.st_size)
    except OSError as error:
        raise files.trouble(error, f"destroy {name}") from None
    finally:
        files.close(file)
    os.unlink(name, dir_fd=handle)


def _head_length(file: int) -> int:
    """Return where the body begins: after the second line; 0 where a damaged file has none."""
    return os.pread(file, LARGEST, 0).find(b"\n", len(MAGIC)) + 1


def _zero(file: int, start: int, end: int) -> None:
    while start < end:
        start += os.pwrite(file, bytes(min(end - start, 1 << 20)), start)
    os.fsync(file)
