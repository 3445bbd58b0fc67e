"""One run per repository: a lock that the system itself frees when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

from keyless import files
from keyless.errors import Locked

_LONGEST: Final = 1024
_LOOKS: Final = 20
_PAUSE: Final = 0.005
"""Seconds between two looks for the holder's name."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")


class Lock:
    """A context manager that holds the lock called `name` (a repository) in `folder` as long as it lasts.

    `flock` belongs to the open file, so a killed holder's lock is free at once and no stale file can block anybody; the
    file stays, and what it says only serves to name the holder. Raises Locked, naming the holder, without waiting.
    """

    def __init__(self, folder: Path, name: str, holder: str | None = None) -> None:
        self.path = folder / "locks" / _file_name(name)
        self.name = name
        self.holder = holder or _myself()
        self._handle: int | None = None

    def __enter__(self) -> Lock:
        with files.folder(self.path.parent) as within:
            self._handle = self._acquire(within)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            with suppress(OSError):  # the holder's name is a courtesy, and what was done under the lock is done
                os.ftruncate(self._handle, 0)
            files.close(self._handle)  # frees it
            self._handle = None

    def _acquire(self, within: int) -> int:
        while True:
            handle = self._open(within)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _same(handle, within, self.path.name):
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, self.holder.encode(errors="replace")[:_LONGEST], 0)
                    return handle
            except BlockingIOError:
                holder = _named_in(handle)
                files.close(handle)
                raise self._locked(holder) from None
            except OSError as error:
                files.close(handle)
                raise files.trouble(error, f"lock {self.path}") from None
            files.close(handle)  # somebody took the file away meanwhile; lock the one that is there now

    def _open(self, within: int) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            handle = os.open(self.path.name, flags, files.FILE_MODE, dir_fd=within)
        except OSError as error:
            raise files.trouble(error, f"lock {self.path}") from None
        try:
            files.plain(self.path, os.fstat(handle), own=True)
        except files.FileRefused:
            files.close(handle)
            raise
        return handle

    def _locked(self, holder: str) -> Locked:
        shown = "".join(char if char.isprintable() else "?" for char in holder) or "a run that has only just begun"
        return Locked(
            f"Another run of keyless is at work on {self.name}: {shown}.",
            hint="Wait until it has ended, or end it; the lock is then free by itself.",
        )


def _named_in(handle: int) -> str:
    """Return who holds the lock. A holder writes its name right after it got the lock, so that moment is waited for."""
    for _ in range(_LOOKS):
        name = os.pread(handle, _LONGEST, 0)
        if name:
            return name.decode(errors="replace")
        time.sleep(_PAUSE)
    return ""


def _same(handle: int, within: int, name: str) -> bool:
    """Whether the file that was locked is still the one that has the name."""
    try:
        there = os.stat(name, dir_fd=within, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), there)


def _file_name(name: str) -> str:
    """Return a file name for a lock: readable, and unique by a hash. GitHub's names compare without case."""
    lowered = name.lower()
    return f"{_UNSAFE.sub('_', lowered)[:60]}-{hashlib.sha256(lowered.encode()).hexdigest()[:8]}.lock"


def _myself() -> str:
    """Name this process. Only the command's name: its arguments are nobody's business."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) if sys.argv and sys.argv[0] else "python"
    return f"{command}, pid {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
