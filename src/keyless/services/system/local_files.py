"""Writing a changed workflow into the user's checkout: the old bytes or the new ones, never a part (S6)."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from keyless.errors import StalePlan, UsageError
from keyless.model.workflow import FileChange


def write_files(root: Path, changes: Sequence[FileChange]) -> None:
    """Bring all files from their `before` to their `after`, looking at each before the first is written.

    Raises as `apply_change` does; after a crash between two files, the same call goes on with the rest.
    """
    for change in changes:
        _present(root, change)
    for change in changes:
        apply_change(root, change)


def apply_change(root: Path, change: FileChange) -> bool:
    """Bring a file from `change.before` to `change.after`; return whether anything had to be written.

    A file that holds `after` already is left alone. Raises StalePlan when it holds something else than `before`,
    UsageError when it cannot be written or does not lie in the checkout as a plain file.
    """
    if _present(root, change) == change.after:
        return False
    try:
        replace_atomically(root / change.path, change.after)
    except OSError as error:
        raise _unwritable(change, error) from error
    return True


def _present(root: Path, change: FileChange) -> bytes:
    """Return what is in the file now: `before` or `after`. Raises StalePlan for anything else."""
    path = root / change.path
    if path.is_symlink() or not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise UsageError(f"{change.path} is a link, which keyless does not write through.", hint="Change it by hand.")
    try:
        present = path.read_bytes()
    except FileNotFoundError as error:
        raise _moved(change, "is not there any more") from error
    except OSError as error:
        raise _unwritable(change, error) from error
    if present not in (change.before, change.after):
        raise _moved(change, "is not what it was when the plan was made")
    return present


def _moved(change: FileChange, how: str) -> StalePlan:
    return StalePlan(f"{change.path} {how}.", hint="Run the command again: it plans anew from the present files.")


def _unwritable(change: FileChange, error: OSError) -> UsageError:
    return UsageError(f"{change.path} cannot be written: {error.strerror}.", hint="Check its permissions.")


def replace_atomically(path: Path, content: bytes) -> None:
    """Put `content` in the place of an existing file, durably, keeping its mode. Raises OSError, leaving it as it was."""
    mode = stat.S_IMODE(path.stat().st_mode)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, path)  # noqa: PTH105  # both are names in one folder
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
