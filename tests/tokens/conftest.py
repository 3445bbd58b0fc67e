"""Real tokens, as PyPI makes them, and PyPI's own judgement of one, written from its source and without keyless."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from keyless.secret import Secret

ROOT_KEY = b"\x07" * 32
IDENTIFIER = "5e4a7a2f-0c3b-4f6e-9a1d-8b7c6d5e4f30"
USER = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
PROJECT_ID = "11111111-2222-4333-8444-555555555555"
PUBLISHER = "99999999-8888-4777-8666-555555555555"
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def mint(*caveats: object, location: str = "pypi.org", identifier: str = IDENTIFIER) -> Secret:
    """Make a token with these caveats (JSON values; bytes as they are), byte by byte as warehouse's macaroons are."""
    key = hmac.digest(b"macaroons-key-generator", ROOT_KEY, hashlib.sha256)
    signature = hmac.digest(key, identifier.encode(), hashlib.sha256)
    data = b"\x02" + _field(1, location.encode()) + _field(2, identifier.encode()) + b"\x00"
    for caveat in caveats:
        raw = caveat if isinstance(caveat, bytes) else json.dumps(caveat, separators=(",", ":")).encode()
        data += _field(2, raw) + b"\x00"
        signature = hmac.digest(signature, raw, hashlib.sha256)
    return text(data + b"\x00" + _field(6, signature))


def text(data: bytes) -> Secret:
    """Spell a macaroon's bytes as PyPI does."""
    return Secret("pypi-" + base64.urlsafe_b64encode(data).decode().rstrip("="))


def raw(token: Secret) -> bytes:
    """Return a token's bytes."""
    body = token.reveal().removeprefix("pypi-")
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def _field(kind: int, data: bytes) -> bytes:
    length = len(data)
    varint = b""
    while length >= 0x80:
        varint += bytes([length & 0x7F | 0x80])
        length >>= 7
    return bytes([kind]) + varint + bytes([length]) + data


def index_accepts(token: Secret, *, project: str, now: datetime) -> bool:
    """Judge an upload as PyPI would: signature by pymacaroons, then each caveat by its own rule."""
    import pymacaroons

    verifier = pymacaroons.Verifier()
    verifier.satisfy_general(lambda caveat: _satisfied(json.loads(caveat), project, int(now.timestamp())))
    macaroon = pymacaroons.Macaroon.deserialize(token.reveal().removeprefix("pypi-"))
    try:
        return bool(verifier.verify(macaroon, ROOT_KEY))
    except pymacaroons.exceptions.MacaroonInvalidSignatureException:
        return False


def _satisfied(caveat: object, project: str, now: int) -> bool:
    match caveat:
        case [0, int(expires_at), int(not_before)]:
            return not_before <= now < expires_at
        case [1, [*names]]:
            return project in names
        case [3, str()]:
            return True
    return False


USER_TOKEN = mint([3, USER])
PROJECT_TOKEN = mint([1, ["sampletool"]], [3, USER])
MINTED_TOKEN = mint([4, PUBLISHER, None], [2, [PROJECT_ID]], [0, 1795424400, 1795423500])
