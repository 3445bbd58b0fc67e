"""Backups' files and what the journal knows of them, brought together again after a run that was killed between the two.

What a file is about to become stands in the journal first, with the hash of its bytes. So the file itself says whether it
came to that, and nothing has to be opened to know it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from keyless import files
from keyless.errors import KeylessError
from keyless.journal import Journal
from keyless.model.backup_file import id_of
from keyless.model.journey import BackupRecord

if TYPE_CHECKING:  # the start of `keyless status` is measured, and it opens no backup
    from keyless.model.backup import BackupHeader
    from keyless.vault import Vault


def settle(journal: Journal, vault: Callable[[], Vault], now: datetime) -> None:
    """Take over into the journal what backups have become. A file that is as it was, gone or strange changes nothing."""
    for intended in journal.intended_backups():
        if _digest(vault(), intended.id) == intended.sha256:
            journal.backup_changed(intended, now)


def _digest(vault: Vault, backup: str) -> str | None:
    try:
        return vault.digest(backup)
    except KeylessError:
        return None  # the commands that need it say why


def stored_backups(folder: Path) -> tuple[str, ...]:
    """Return the ids of the backups in a vault's folder, by their files' names. Raises FolderRefused as the vault does."""
    if not os.path.lexists(folder):
        return ()
    with files.folder(folder, create=False) as handle:
        names = sorted(os.listdir(handle))  # noqa: PTH208  # pathlib takes no descriptor
    return tuple(dict.fromkeys(found for found in map(id_of, names) if found is not None))


def unknown_backups(journal: Journal, stored: Iterable[str]) -> tuple[str, ...]:
    """Return those of the `stored` backups that no migration in the journal knows."""
    return tuple(backup for backup in stored if not journal.knows_backup(backup))


def record_of(vault: Vault, journey: str, header: BackupHeader, digest: str) -> BackupRecord:
    """Return what the journal keeps of a backup."""
    path = str(vault.path(header.id))
    return BackupRecord(header.id, journey, path, digest, header.lease.expires_at, shredded_at=None)
