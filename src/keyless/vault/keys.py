"""Who can open a backup: whoever knows a passphrase, or holds the identity of a recipient.

A recipient is public: CI seals with it what it cannot open. Its text carries a checksum, because a backup sealed for a
mistyped recipient would be lost.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from keyless.errors import UsageError
from keyless.secret import Secret
from keyless.vault import cipher

RECIPIENT: Final = "keyless-recipient-1-"
IDENTITY: Final = "keyless-identity-1-"
_CHECKSUM_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class PassphraseKey:
    """Seal so that a passphrase opens it."""

    passphrase: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecipientKey:
    """Seal for a recipient's public text."""

    public: str

    def __post_init__(self) -> None:
        recipient_bytes(self.public)


@dataclass(frozen=True, slots=True)
class PassphraseUnlock:
    """Open with a passphrase."""

    passphrase: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class IdentityUnlock:
    """Open with a recipient's private text."""

    private: Secret = field(repr=False)


Key: TypeAlias = PassphraseKey | RecipientKey
Unlock: TypeAlias = PassphraseUnlock | IdentityUnlock


def new_recipient() -> tuple[str, Secret]:
    """Return a recipient's public text, and the private one that opens what is sealed for it."""
    private = secrets.token_bytes(cipher.KEY_BYTES)
    return recipient_text(cipher.public_key(private)), Secret(IDENTITY + _text(private))


def recipient_text(public: bytes) -> str:
    """Return the text of a public key."""
    return RECIPIENT + _text(public)


def recipient_bytes(text: str) -> bytes:
    """Return the public key that a text stands for. Raises UsageError for anything else, a slip of the pen included."""
    public = _bytes(text, RECIPIENT)
    if public is None:
        raise UsageError("This is no recipient of keyless, or was mistyped.", hint="Copy the whole line again.")
    return public


def identity_bytes(private: Secret) -> bytes:
    """Return the private key that a text stands for. Raises UsageError for anything else."""
    key = _bytes(private.reveal(), IDENTITY)
    if key is None:
        raise UsageError("This is no identity of keyless, or was mistyped.", hint="Copy the whole line again.")
    return key


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key + hashlib.sha256(key).digest()[:_CHECKSUM_BYTES]).decode()


def _bytes(text: str, prefix: str) -> bytes | None:
    if not text.startswith(prefix) or not text.isascii():
        return None
    try:
        data = base64.urlsafe_b64decode(text.removeprefix(prefix))
    except ValueError:
        return None
    key = data[:-_CHECKSUM_BYTES]
    if len(key) != cipher.KEY_BYTES or not hmac.compare_digest(prefix + _text(key), text):
        return None
    return key
