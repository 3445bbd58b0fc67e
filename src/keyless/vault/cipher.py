"""The three operations that a backup is made of, all of libsodium: XChaCha20-Poly1305, X25519, and HKDF over SHA-256."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 24
TAG_BYTES: Final = 16


class NotAuthentic(Exception):
    """Inside this package only: a ciphertext does not open with this key and this associated data."""


def seal(key: bytes, message: bytes, associated: bytes) -> bytes:
    """Return nonce, ciphertext and tag. The nonce is random; with 24 bytes it does not repeat."""
    from nacl.secret import Aead

    return bytes(Aead(key).encrypt(message, associated))


def open_(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """Return the message. Raises NotAuthentic when anything at all is different from what was sealed."""
    from nacl.exceptions import CryptoError
    from nacl.secret import Aead

    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise NotAuthentic
    try:
        return Aead(key).decrypt(sealed, associated)
    except CryptoError:
        raise NotAuthentic from None


def public_key(private: bytes) -> bytes:
    """Return the X25519 public key of a private one."""
    from nacl.bindings import crypto_scalarmult_base

    return crypto_scalarmult_base(private)


def agree(private: bytes, public: bytes) -> bytes:
    """Return the X25519 shared secret. Raises NotAuthentic for a public key of small order, which would give none."""
    from nacl.bindings import crypto_scalarmult
    from nacl.exceptions import RuntimeError as SmallOrder

    try:
        return crypto_scalarmult(private, public)
    except SmallOrder:
        raise NotAuthentic from None


def expand(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """Return 32 bytes of HKDF-SHA256 (RFC 5869)."""
    extracted = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)
