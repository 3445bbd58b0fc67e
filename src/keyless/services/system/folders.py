"""Where keyless keeps its state, apart for reality and rehearsal, readable by its owner alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from keyless.errors import UsageError
from keyless.model.realm import Realm

OVERRIDE: Final = "KEYLESS_HOME"
"""Environment variable that names another folder for the state. It changes nothing else: no host, no realm."""


def state_folder(realm: Realm, rehearsal: Path | None = None, *, environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of `realm`'s state; it need not exist. Raises UsageError when there is no home.

    A rehearsal that was told where to keep its world (`rehearsal`) has its state in there too; reality never has.
    """
    if realm is Realm.REHEARSAL and rehearsal is not None:
        return Path(os.path.abspath(rehearsal)) / "state"  # noqa: PTH100  # resolve() would follow links
    chosen = (os.environ if environment is None else environment).get(OVERRIDE)
    if chosen:
        base = Path(chosen)
    else:
        import platformdirs

        base = Path(platformdirs.user_state_dir("keyless", appauthor=False))
    if not base.is_absolute():
        what = f"{OVERRIDE} is not an absolute path." if chosen else "There is no home folder to keep state in."
        raise UsageError(what, hint=f"Set {OVERRIDE} to an absolute path of a folder of yours.")
    return base / realm.value


def prepare(folder: Path) -> Path:
    """Make `folder` and its parents, private to the user (0700), and return it.

    Raises UsageError for a folder that cannot be made or written, is a symbolic link, or is another user's.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise _unusable(folder, error.strerror or "it cannot be made") from error
    if not stat.S_ISDIR(found.st_mode):
        raise _unusable(folder, "it is a symbolic link or not a folder")
    if found.st_uid != os.geteuid():
        raise _unusable(folder, "it belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        _narrow(folder)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise _unusable(folder, "it is not writable")
    return folder


def _narrow(folder: Path) -> None:
    try:
        folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, "others can read it, and that cannot be changed") from error


def _unusable(folder: Path, because: str) -> UsageError:
    return UsageError(
        f"The state folder {folder} cannot be used: {because}.",
        hint=f"Mend it, or set {OVERRIDE} to an absolute path of a folder of yours.",
    )
