"""The folder of a rehearsal: its owner's alone, with the store of its world and the files that clients read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from keyless import files
from keyless.errors import UsageError
from keyless.rehearsal.connection import STORE_FILE
from keyless.rehearsal.store import Store


def open_store(folder: Path) -> Store:
    """Return the store in a rehearsal's folder; both are made if they are not there.

    Raises UsageError for a store that cannot be read, and what `files.folder` raises.
    """
    with files.folder(folder):
        pass
    try:
        return Store(folder / STORE_FILE)
    except sqlite3.Error as error:
        raise UsageError(
            f"The rehearsal in {folder} cannot be used: {STORE_FILE}: {error}.",
            hint="Name another folder with --keep, or delete this one: a rehearsal holds nothing real.",
        ) from error


def write_file(folder: Path, name: str, content: bytes) -> Path:
    """Have a file of this content in the folder, readable by its owner only; return its path."""
    path = folder / name
    if not path.is_file() or path.read_bytes() != content:
        with files.folder(folder) as within:
            files.write(within, name, content, replace=True)
    return path
