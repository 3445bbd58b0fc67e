"""Who uses a journal at the moment: any number of runs together, or one that mends it, alone.

Mending moves the file away under the feet of whoever has it open, and what they wrote from then on would be lost.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from keyless import files
from keyless.errors import Locked

NAME: Final = "journal.lock"
_FLAGS: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def take(folder: Path, *, alone: bool = False) -> int | None:
    """Return a descriptor that holds the use of `folder`'s journal until it is closed, however its process ends.

    None where there is nothing to lock and nothing can be made (a file system that is read-only: nobody mends there
    either). Raises Locked when another run is mending, or, `alone`, when any other run has the journal open.
    """
    with files.folder(folder) as within:
        handle = _open(within)
    if handle is None:
        return None
    try:
        files.plain(NAME, os.fstat(handle), own=True)
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        files.close(handle)
        raise _taken(folder, alone=alone) from None
    except OSError as error:
        files.close(handle)
        raise files.trouble(error, f"lock the journal in {folder}") from None
    except files.FileRefused:
        files.close(handle)
        raise
    return handle


def _open(within: int) -> int | None:
    try:
        return os.open(NAME, _FLAGS | os.O_RDWR | os.O_CREAT, files.FILE_MODE, dir_fd=within)
    except OSError as error:
        if error.errno not in files.NOT_WRITABLE:
            raise files.trouble(error, f"open {NAME}") from None
    try:
        return os.open(NAME, _FLAGS | os.O_RDONLY, dir_fd=within)
    except OSError:
        return None


def _taken(folder: Path, *, alone: bool) -> Locked:
    if alone:
        return Locked(
            f"Another run of keyless has the journal in {folder} open, so it cannot be mended now.",
            hint="Wait until it has ended, then run the same command again.",
        )
    return Locked(
        f"The journal in {folder} is being mended by another run of keyless.",
        hint="Wait until it has ended, then run the same command again.",
    )
