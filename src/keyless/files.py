"""Files and folders that only their owner may touch: written durably, never through a link. Standard library only.

A file is written beside its place, flushed, moved into place in one step, and the folder is flushed too, so that after a
crash there is the old one or the new one. The last component of a path is never followed when it is a link.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keyless.errors import KeylessError, NotAllowed, TryLater, UsageError

FILE_MODE = 0o600
FOLDER_MODE = 0o700
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


class FolderRefused(NotAllowed):
    """A folder for keyless's own files cannot be used, or cannot be trusted."""


class FileRefused(UsageError):
    """A file is not the plain file of one's own that it should be."""


class StorageTrouble(TryLater):
    """The disk is full, fails, or the system has no room for another file; the same command goes on later."""


def trouble(error: OSError, doing: str) -> KeylessError:
    """Return the error to raise for what the system said while `doing` something ("write the backup /x")."""
    reason = os.strerror(error.errno) if error.errno else "the system gave no reason"
    if error.errno in NOT_WRITABLE:
        return FolderRefused(
            f"Could not {doing}: {reason}.", hint="Make it writable for you, or choose another folder."
        )
    if error.errno == errno.EEXIST:
        return FileRefused(f"Could not {doing}: {reason}.", hint="Name a new file, or move that one away.")
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR):
        return FileRefused(f"Could not {doing}: {reason}.", hint="Links are not followed; name the place itself.")
    if error.errno == errno.ENOENT:
        return FileRefused(f"Could not {doing}: {reason}.", hint="Look at the spelling of the path.")
    return StorageTrouble(f"Could not {doing}: {reason}.", hint="Once that is mended, run the same command again.")


@contextmanager
def folder(path: Path, *, create: bool = True) -> Iterator[int]:
    """Open a private folder and give its descriptor. Made with 0700 where it is missing; tightened to that if its own.

    Raises FolderRefused when it is a link, somebody else's, or lies where somebody else could replace it.
    """
    try:
        if create:
            _make(path)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise trouble(error, f"use the folder {path}") from None
    try:
        try:
            _trust(path, os.fstat(handle), handle)
        except OSError as error:
            raise trouble(error, f"use the folder {path}") from None
        yield handle
    finally:
        close(handle)


def close(handle: int) -> None:
    """Close a descriptor. What was written was flushed before, so an error here has nothing to tell."""
    with suppress(OSError):
        os.close(handle)


def _make(path: Path) -> None:
    missing = []
    place = path
    while not os.path.lexists(place):
        missing.append(place)
        place = place.parent
    for part in reversed(missing):
        with suppress(FileExistsError):  # another run made it at the same moment
            part.mkdir(mode=FOLDER_MODE)


def _trust(path: Path, status: os.stat_result, handle: int) -> None:
    if status.st_uid != os.geteuid():
        raise FolderRefused(f"The folder {path} belongs to somebody else.", hint="Use a folder of your own.")
    if stat.S_IMODE(status.st_mode) & 0o022 & ~_own_group(status):
        raise FolderRefused(
            f"Others may write into the folder {path}, so what lies in it could be somebody else's.",
            hint=f"Look through it, then: chmod 700 {path}",
        )
    above = os.stat("..", dir_fd=handle)
    open_to_all = stat.S_IMODE(above.st_mode) & 0o022 & ~_own_group(above)
    if open_to_all and not above.st_mode & stat.S_ISVTX:
        raise FolderRefused(
            f"Others may write into {path.parent}, so they could replace {path}.",
            hint=f"Use another folder, or: chmod go-w {path.parent}",
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        with suppress(OSError):  # a read-only file system: its mode stays, and it can still be read
            os.fchmod(handle, FOLDER_MODE)


def _own_group(status: os.stat_result) -> int:
    """Return the group's write bit when the group is the user's own (many systems give each user one)."""
    return 0o020 if status.st_gid == os.getegid() else 0


def read(name: str | Path, *, limit: int, within: int | None = None) -> bytes:
    """Return a plain file's bytes; `within` is the descriptor of its folder. Raises FileRefused past `limit` bytes.

    A link, a second name of the same file inside a private folder, a pipe or a device is refused.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # non-blocking: opening a pipe must not hang
    try:
        handle = os.open(name, flags, dir_fd=within)
    except OSError as error:
        raise trouble(error, f"read {name}") from None
    try:
        plain(name, os.fstat(handle), own=within is not None)
        return _read_all(handle, name, limit)
    except OSError as error:
        raise trouble(error, f"read {name}") from None
    finally:
        close(handle)


def plain(name: str | Path, status: os.stat_result, *, own: bool) -> None:
    """Raise FileRefused unless it is a plain file; with `own` also unless it is one's own and has one name only."""
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused(f"{name} is not a plain file.", hint="Name a plain file.")
    if own and status.st_uid != os.geteuid():
        raise FileRefused(f"{name} belongs to somebody else.", hint="Import it instead, if it is meant to be here.")
    if own and status.st_nlink > 1:
        raise FileRefused(f"{name} has a second name somewhere (a hard link).", hint="Remove the other name first.")


def _read_all(handle: int, name: str | Path, limit: int) -> bytes:
    parts = []
    left = limit + 1
    while left and (part := os.read(handle, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    if not left:
        raise FileRefused(f"{name} is larger than {limit} bytes.", hint="It is no file of keyless's.")
    return b"".join(parts)


def write(within: int, name: str, data: bytes, *, replace: bool) -> None:
    """Write a file durably into the folder `within`, mode 0600. Without `replace` an existing one is an error.

    Until the very end it has another name, and a failure takes that away again. No hard link serves for "only if there
    is none": a kill between making it and removing the draft would leave a file with two names.
    """
    draft = f".{name}.{secrets.token_hex(4)}.draft"
    try:
        if not replace and _there(within, name):
            raise FileExistsError(errno.EEXIST, "")
        try:
            _write_draft(within, draft, data)
            os.replace(draft, name, src_dir_fd=within, dst_dir_fd=within)
        except BaseException:
            with suppress(OSError):  # what failed first is what is said
                os.unlink(draft, dir_fd=within)
            raise
        os.fsync(within)
    except OSError as error:
        raise trouble(error, f"write {name}") from None


def write_new(path: Path, data: bytes) -> None:
    """Write a file durably to a place of the user's choice, mode 0600, where nothing may be yet."""
    try:
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise trouble(error, f"use the folder {path.parent}") from None
    try:
        write(handle, path.name, data, replace=False)
    finally:
        close(handle)


def _there(within: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _write_draft(within: int, draft: str, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(draft, flags, FILE_MODE, dir_fd=within)
    try:
        os.fchmod(handle, FILE_MODE)  # whatever the umask is
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
        if hasattr(os, "posix_fadvise"):  # not on every system
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)  # so that reading it again asks the disk
    finally:
        os.close(handle)
