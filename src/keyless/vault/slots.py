"""Key slots: the data key of a backup, wrapped once for each way to open it.

A wrapped key is bound to its backup's id and to its own parameters by associated data; the body is bound to all slots.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from keyless.errors import UsageError
from keyless.model.codec import Json
from keyless.vault import cipher, kdf
from keyless.vault.canonical import canonical, decoded64, encoded64
from keyless.vault.cipher import NotAuthentic
from keyless.vault.kdf import Cost
from keyless.vault.keys import (
    IdentityUnlock,
    Key,
    PassphraseKey,
    PassphraseUnlock,
    RecipientKey,
    Unlock,
    identity_bytes,
    recipient_bytes,
    recipient_text,
)
from keyless.vault.refusal import Reason, Refusal, damaged

MOST: Final = 8
"""Slots of one backup; each may cost a key derivation to try."""
_WRAPPED_BYTES: Final = cipher.NONCE_BYTES + cipher.KEY_BYTES + cipher.TAG_BYTES
_ASSOCIATED: Final = b"keyless backup v1 slot\n"
_AGREEMENT: Final = b"keyless backup v1 x25519"


@dataclass(frozen=True, slots=True)
class PassphraseSlot:
    """The data key under a key derived from a passphrase."""

    cost: Cost
    salt: bytes
    wrapped: bytes = field(repr=False)

    @property
    def words(self) -> str:
        """What it is, for a person."""
        return f"passphrase (argon2id, {self.cost})"

    def stated(self) -> dict[str, Json]:
        """Return its parameters as they stand in the header, without the wrapped key."""
        return {
            "kind": "passphrase",
            "memory": self.cost.memory,
            "passes": self.cost.passes,
            "salt": encoded64(self.salt),
        }


@dataclass(frozen=True, slots=True)
class RecipientSlot:
    """The data key under a key agreed with a recipient."""

    recipient: bytes
    ephemeral: bytes
    wrapped: bytes = field(repr=False)

    @property
    def words(self) -> str:
        """What it is, for a person."""
        return f"recipient {recipient_text(self.recipient)}"

    def stated(self) -> dict[str, Json]:
        """Return its parameters as they stand in the header, without the wrapped key."""
        return {
            "ephemeral": encoded64(self.ephemeral),
            "kind": "x25519",
            "recipient": encoded64(self.recipient),
        }


Slot: TypeAlias = PassphraseSlot | RecipientSlot


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A slot just made. `trial` is what the sealer can open it with once more: nobody else can for a recipient."""

    slot: Slot
    trial: Unlock | bytes = field(repr=False)


def wrap(key: Key, data_key: bytes, backup: str, cost: Cost) -> Wrapped:
    """Return the slot in which `key` finds the data key of the backup with the id `backup`."""
    if isinstance(key, PassphraseKey):
        return _wrap_for_passphrase(key, data_key, backup, cost)
    return _wrap_for_recipient(key, data_key, backup)


def _wrap_for_passphrase(key: PassphraseKey, data_key: bytes, backup: str, cost: Cost) -> Wrapped:
    salt = secrets.token_bytes(kdf.SALT_BYTES)
    wrapping = kdf.derive(key.passphrase, salt, cost)
    wrapped = cipher.seal(wrapping, data_key, _associated(PassphraseSlot(cost, salt, b""), backup))
    return Wrapped(PassphraseSlot(cost, salt, wrapped), PassphraseUnlock(key.passphrase))


def _wrap_for_recipient(key: RecipientKey, data_key: bytes, backup: str) -> Wrapped:
    recipient = recipient_bytes(key.public)
    private = secrets.token_bytes(cipher.KEY_BYTES)
    ephemeral = cipher.public_key(private)
    try:
        wrapping = _agreed(cipher.agree(private, recipient), ephemeral, recipient)
    except NotAuthentic:
        raise UsageError("No key can be agreed with this recipient.", hint="Make a new one.") from None
    wrapped = cipher.seal(wrapping, data_key, _associated(RecipientSlot(recipient, ephemeral, b""), backup))
    return Wrapped(RecipientSlot(recipient, ephemeral, wrapped), wrapping)


def opens(slot: Slot, trial: Unlock | bytes, data_key: bytes, backup: str) -> bool:
    """Whether a slot that was read again gives the data key. A passphrase is derived from anew, as a stranger would."""
    wrapping = trial if isinstance(trial, bytes) else _wrapping(slot, trial)
    return wrapping is not None and _try(slot, wrapping, backup) == data_key


def unwrap(slots: tuple[Slot, ...], unlock: Unlock, backup: str) -> bytes:
    """Return the data key from the first slot that `unlock` opens. Raises Refusal when it opens none."""
    for slot in slots:
        wrapping = _wrapping(slot, unlock)
        if wrapping is not None:
            data_key = _try(slot, wrapping, backup)
            if data_key is not None:
                return data_key
    what = "passphrase" if isinstance(unlock, PassphraseUnlock) else "identity"
    raise Refusal(Reason.KEY, f"This {what} does not open the backup.")


def _try(slot: Slot, wrapping: bytes, backup: str) -> bytes | None:
    try:
        return cipher.open_(wrapping, slot.wrapped, _associated(slot, backup))
    except NotAuthentic:
        return None


def _wrapping(slot: Slot, unlock: Unlock) -> bytes | None:
    match slot, unlock:
        case PassphraseSlot(cost, salt), PassphraseUnlock(passphrase):
            return kdf.derive(passphrase, salt, cost)
        case RecipientSlot(recipient, ephemeral), IdentityUnlock(private):
            key = identity_bytes(private)
            if cipher.public_key(key) != recipient:
                return None
            try:
                return _agreed(cipher.agree(key, ephemeral), ephemeral, recipient)
            except NotAuthentic:
                return None
        case _:
            return None


def _agreed(shared: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    return cipher.expand(shared, ephemeral + recipient, _AGREEMENT)


def _associated(slot: Slot, backup: str) -> bytes:
    return _ASSOCIATED + canonical({**slot.stated(), "backup": backup})


def recipients(found: tuple[Slot, ...]) -> tuple[str, ...]:
    """Return the public texts of all recipients among the slots, in their order."""
    return tuple(recipient_text(slot.recipient) for slot in found if isinstance(slot, RecipientSlot))


def to_json(slot: Slot) -> dict[str, Json]:
    """Return the slot as it stands in the header."""
    return {**slot.stated(), "wrapped": encoded64(slot.wrapped)}


def from_json(value: Json) -> Slot:
    """Return the slot that a header states. Raises Refusal; the cost is judged here, before anything is derived."""
    match value:
        case {"kind": "passphrase", "memory": memory, "passes": passes, "salt": salt, "wrapped": wrapped, **rest} if (
            not rest
        ):
            if type(memory) is not int or type(passes) is not int:
                raise damaged("a key slot's cost is no number")
            cost = Cost(memory, passes)
            kdf.check(cost)
            return PassphraseSlot(cost, decoded64(salt, kdf.SALT_BYTES), decoded64(wrapped, _WRAPPED_BYTES))
        case {"kind": "x25519", "recipient": recipient, "ephemeral": ephemeral, "wrapped": wrapped, **rest} if not rest:
            return RecipientSlot(
                decoded64(recipient, cipher.KEY_BYTES),
                decoded64(ephemeral, cipher.KEY_BYTES),
                decoded64(wrapped, _WRAPPED_BYTES),
            )
    raise damaged("a key slot is of no known kind")
