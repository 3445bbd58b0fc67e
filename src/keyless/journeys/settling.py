"""Backups' files and what the journal knows of them, brought together again after a run that was killed between the two.

What a file is about to become stands in the journal first, with the hash of its bytes. So the file itself says whether it
came to that, and nothing has to be opened to know it.
"""

from __future__ import annotations

from datetime import datetime

from keyless.errors import KeylessError
from keyless.journal import Journal
from keyless.model.backup import BackupHeader
from keyless.model.journey import BackupRecord
from keyless.vault import Vault


def settle(journal: Journal, vault: Vault, now: datetime) -> None:
    """Take over into the journal what backups have become. A file that is as it was, gone or strange changes nothing."""
    for intended in journal.intended_backups():
        if _digest(vault, intended.id) == intended.sha256:
            journal.backup_changed(intended, now)


def _digest(vault: Vault, backup: str) -> str | None:
    try:
        return vault.digest(backup)
    except KeylessError:
        return None  # the commands that need it say why


def unknown_backups(journal: Journal, vault: Vault) -> tuple[str, ...]:
    """Return the ids of the backups in the vault that no migration in the journal knows. Reads no file."""
    return tuple(backup for backup in vault.ids() if not journal.knows_backup(backup))


def record_of(vault: Vault, journey: str, header: BackupHeader, digest: str) -> BackupRecord:
    """Return what the journal keeps of a backup."""
    path = str(vault.path(header.id))
    return BackupRecord(header.id, journey, path, digest, header.lease.expires_at, shredded_at=None)
