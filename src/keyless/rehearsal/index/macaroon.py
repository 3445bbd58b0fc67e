"""API tokens as PyPI makes them: `pypi-` and a binary V2 macaroon in URL-safe base64 without padding.

Written out here because the rehearsal plays the *server's* side (root keys, verification), which the client's library in
`keyless.tokens` does not need. Byte layout and key derivation as libmacaroons has them (facts: `02 | 01 len location |
02 len identifier | 00 | (02 len caveat | 00)* | 00 | 06 20 signature`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

PREFIX = "pypi-"
_LOCATION, _IDENTIFIER, _SIGNATURE, _END = 1, 2, 6, 0
_SIGNATURE_LENGTH = 32


class Malformed(ValueError):
    """Not the text of a macaroon."""


@dataclass(frozen=True, slots=True)
class Macaroon:
    """A macaroon without third-party caveats. Which caveats hold, and whether the signature fits, is not known yet."""

    location: str
    identifier: bytes
    caveats: tuple[bytes, ...]
    signature: bytes


def mint(location: str, identifier: str, root_key: bytes, caveats: tuple[bytes, ...]) -> str:
    """Return the text of a new token."""
    signature = chain(root_key, identifier.encode(), caveats)
    return write(Macaroon(location, identifier.encode(), caveats, signature))


def chain(root_key: bytes, identifier: bytes, caveats: tuple[bytes, ...]) -> bytes:
    """Return the signature over an identifier and its caveats, in order."""
    derived = _mac(b"macaroons-key-generator", root_key)
    return extend(_mac(derived, identifier), caveats)


def extend(signature: bytes, caveats: tuple[bytes, ...]) -> bytes:
    """Return the signature after appending caveats: anyone who holds a token can do this, nobody can undo it."""
    for caveat in caveats:
        signature = _mac(signature, caveat)
    return signature


def write(macaroon: Macaroon) -> str:
    """Return the token's text."""
    parts = [b"\x02", _field(_LOCATION, macaroon.location.encode()), _field(_IDENTIFIER, macaroon.identifier), b"\x00"]
    parts += [_field(_IDENTIFIER, caveat) + b"\x00" for caveat in macaroon.caveats]
    parts += [b"\x00", _field(_SIGNATURE, macaroon.signature)]
    return PREFIX + base64.urlsafe_b64encode(b"".join(parts)).rstrip(b"=").decode()


def read(text: str) -> Macaroon:
    """Return the macaroon in a token's text. Raises Malformed."""
    if not text.startswith(PREFIX):
        raise Malformed("no prefix")
    body = text.removeprefix(PREFIX)
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("not base64") from error
    return _parse(_Reader(data))


def _parse(reader: _Reader) -> Macaroon:
    if reader.byte() != 2:
        raise Malformed("not version 2")
    location = reader.field(_LOCATION) if reader.peek() == _LOCATION else b""
    identifier = reader.field(_IDENTIFIER)
    reader.expect_end()
    caveats = []
    while reader.peek() != _END:
        caveats.append(reader.field(_IDENTIFIER))
        reader.expect_end()
    reader.expect_end()
    signature = reader.field(_SIGNATURE)
    if len(signature) != _SIGNATURE_LENGTH or not reader.exhausted:
        raise Malformed("bad signature field")
    return Macaroon(location.decode(errors="replace"), identifier, tuple(caveats), signature)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    @property
    def exhausted(self) -> bool:
        return self.at == len(self.data)

    def peek(self) -> int:
        if self.exhausted:
            raise Malformed("cut short")
        return self.data[self.at]

    def byte(self) -> int:
        value = self.peek()
        self.at += 1
        return value

    def expect_end(self) -> None:
        if self.byte() != _END:
            raise Malformed("a section does not end")

    def field(self, tag: int) -> bytes:
        if self.byte() != tag:
            raise Malformed("an unexpected field")
        length, shift = 0, 0
        while True:
            byte = self.byte()
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift > 28:
                raise Malformed("a length without end")
        if self.at + length > len(self.data):
            raise Malformed("cut short")
        self.at += length
        return self.data[self.at - length : self.at]


def _field(tag: int, value: bytes) -> bytes:
    length, rest = b"", len(value)
    while rest >= 0x80:
        length += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return bytes([tag]) + length + bytes([rest]) + value


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
