"""Derived keys, remembered: deriving is the same function of the same input, and thousands of them would take hours."""

from __future__ import annotations

from collections.abc import Callable

from keyless.secret import Secret
from keyless.vault.kdf import Cost

Derive = Callable[[Secret, bytes, Cost], bytes]


def remembered(derive: Derive) -> Derive:
    """Return `derive` with a memory."""
    known: dict[tuple[str, bytes, Cost], bytes] = {}

    def lookup(passphrase: Secret, salt: bytes, cost: Cost) -> bytes:
        key = (passphrase.reveal(), salt, cost)
        if key not in known:
            known[key] = derive(passphrase, salt, cost)
        return known[key]

    return lookup
