"""Backups: sealed files that hold a token and everything needed to put it back, for a bounded time.

The format is written down in docs/backup-format.md, so that a backup can be read without keyless.
"""

from keyless.vault.kdf import Cost
from keyless.vault.keys import IdentityUnlock, Key, PassphraseKey, PassphraseUnlock, RecipientKey, Unlock, new_recipient
from keyless.vault.refusal import Reason, Refusal
from keyless.vault.vault import Announce, Vault

__all__ = [
    "Announce",
    "Cost",
    "IdentityUnlock",
    "Key",
    "PassphraseKey",
    "PassphraseUnlock",
    "Reason",
    "RecipientKey",
    "Refusal",
    "Unlock",
    "Vault",
    "new_recipient",
]
