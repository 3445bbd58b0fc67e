"""A backup's key in the system's keyring: a key pair of this backup alone, found again by its public part.

To the backup it is a recipient like any other, so the format knows nothing of keyrings. Without its private part a slot is
noise: taking it out of the keyring is a shredding that no old copy of the file undoes.
"""

from __future__ import annotations

from collections.abc import Sequence

from keyless.errors import BackupRefused, KeylessError
from keyless.journal import Journal
from keyless.services.system import system_keyring
from keyless.vault import IdentityUnlock, RecipientKey, new_recipient


def keyring_key() -> RecipientKey:
    """Return a new key to seal for, once its private part is in the keyring and was read again from there."""
    public, private = new_recipient()
    system_keyring.keep(public, private)
    return RecipientKey(public)


def in_keyring(recipients: Sequence[str]) -> bool:
    """Whether the keyring holds a key of a backup that was sealed for `recipients`."""
    return any(system_keyring.find(public) is not None for public in recipients)


def keyring_unlock(recipients: Sequence[str]) -> IdentityUnlock:
    """Return what opens a backup that was sealed for `recipients`. Raises BackupRefused when the keyring has none."""
    for public in recipients:
        private = system_keyring.find(public)
        if private is not None:
            return IdentityUnlock(private)
    raise BackupRefused(
        "The keyring of this machine holds no key of this backup.",
        hint="Open it with its passphrase (--no-keyring) or a private key (--identity-from).",
        untouched="The file was left as it is.",
    )


def forget(journal: Journal, journey: str, recipients: Sequence[str]) -> str:
    """Take the keys of a destroyed backup out of the keyring, where one was ever used. Return what went wrong, or ""."""
    if journal.answers(journey).get("keyring") is not True:
        return ""
    try:
        for public in recipients:
            system_keyring.remove(public)
    except KeylessError as error:
        return f"{error.what} The key of the destroyed backup is still in it: remove it there ('keyless backup')."
    return ""
