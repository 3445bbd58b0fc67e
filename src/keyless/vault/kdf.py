"""From a passphrase to a key: argon2id version 1.3 with one lane. The cost is bounded before any memory is taken."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from keyless.errors import UsageError
from keyless.files import StorageTrouble
from keyless.secret import Secret
from keyless.vault.refusal import Reason, Refusal

SALT_BYTES: Final = 16
LONGEST: Final = 1 << 20
"""Bytes of a passphrase; a file given by mistake is refused rather than hashed."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What deriving a key costs: memory in KiB, and passes over it."""

    memory: int
    passes: int

    def __str__(self) -> str:
        return f"{self.memory // 1024} MiB, {self.passes} passes"


DEFAULT: Final = Cost(memory=256 * 1024, passes=3)
FLOOR: Final = Cost(memory=19 * 1024, passes=2)
"""OWASP's least configuration of argon2id. A rehearsal uses it, because its secrets are worth nothing."""
CAP: Final = Cost(memory=1024 * 1024, passes=8)
"""More than this could only be an attempt to exhaust the machine."""


def check(cost: Cost) -> None:
    """Raise Refusal for a cost below the floor or above the cap."""
    within = FLOOR.memory <= cost.memory <= CAP.memory and FLOOR.passes <= cost.passes <= CAP.passes
    if not within:
        raise Refusal(Reason.COST, f"The backup asks for a key derivation out of bounds ({FLOOR} to {CAP}).")


def derive(passphrase: Secret, salt: bytes, cost: Cost) -> bytes:
    """Return 32 bytes. Raises Refusal for a cost out of bounds, StorageTrouble where the memory is not to be had."""
    check(cost)
    from nacl.exceptions import RuntimeError as NoMemory
    from nacl.pwhash import argon2id

    try:
        return argon2id.kdf(32, canonical(passphrase), salt, opslimit=cost.passes, memlimit=cost.memory * 1024)
    except NoMemory:
        pass
    raise StorageTrouble(f"There is not enough memory to derive the key ({cost}).", hint="Free some and try again.")


def canonical(passphrase: Secret) -> bytes:
    """Return the bytes that are hashed: UTF-8 of the composed form (NFC), so that two keyboards give the same key.

    Nothing is cut off: a line end is part of it. Raises UsageError for an empty, overlong or broken one.
    """
    if not passphrase:
        raise UsageError("The passphrase is empty.", hint="Give one; nothing says that it must be complicated.")
    try:
        data = unicodedata.normalize("NFC", passphrase.reveal()).encode()
    except UnicodeEncodeError:
        data = None
    if data is None:
        raise UsageError("The passphrase is no valid text.", hint="Give it as UTF-8.")
    if len(data) > LONGEST:
        raise UsageError("The passphrase is longer than 1 MiB.", hint="Is this the right file?")
    return data
