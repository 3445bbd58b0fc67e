"""The text of a PyPI token: `pypi-` and a V2 macaroon in URL-safe base64. Read strictly, byte by byte.

Layout (facts of pypi/warehouse and libmacaroons): `02 | 01 len location | 02 len identifier | 00 |
(02 len caveat | 00)* | 00 | 06 20 signature(32)`, lengths as varints.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Final

from keyless.errors import UsageError
from keyless.secret import Secret

PREFIX: Final = "pypi-"
LONGEST: Final = 16_384
"""Characters. The longest that PyPI makes is below 400; a narrowed copy for hundreds of projects stays below this."""

_VERSION, _END, _LOCATION, _IDENTIFIER, _VERIFICATION, _SIGNATURE = 2, 0, 1, 2, 4, 6
_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")


class NotAToken(UsageError):
    """The text given is not a PyPI API token. The message never holds any of it."""


@dataclass(frozen=True, slots=True)
class Macaroon:
    """The parts of a token. The signature is what makes it valid, so it never appears in a repr."""

    location: str
    identifier: str
    caveats: tuple[bytes, ...]
    signature: bytes = field(repr=False)


class _Malformed(Exception):
    """Inside this module only: where reading failed, in words."""


def parse(token: Secret) -> Macaroon:
    """Return the parts of `token`. Raises NotAToken, saying what is wrong without showing any of the text."""
    problem = _looks_wrong(token)
    if problem is None:
        try:
            return _parse(_decoded(token))
        except _Malformed as error:
            problem = str(error)
    raise NotAToken(
        f"This is not a PyPI API token: {problem}.",
        hint="A token begins with 'pypi-' and is about 180 characters long; copy the whole of it and nothing around it.",
    )


_OTHERS: Final = (
    ("ghp_", "a GitHub token"),
    ("github_pat_", "a GitHub token"),
    ("gho_", "a GitHub token"),
    ("ghs_", "a GitHub token"),
    ("glpat-", "a GitLab token"),
    ("npm_", "an npm token"),
    ("AKIA", "an AWS key"),
    ("${{", "the expression of a workflow, not what stands in the secret"),
)


def _looks_wrong(token: Secret) -> str | None:
    text = token.reveal()
    tests = (
        (not text, "it is empty"),
        (len(text) > LONGEST, f"it has {len(text)} characters"),
        (text.strip() != text, "there is a space or a line end around it"),
        *((text.startswith(prefix), f"it looks like {what}") for prefix, what in _OTHERS),
        (not text.startswith(PREFIX), "it does not begin with 'pypi-'"),
        (not _ALPHABET.fullmatch(text, len(PREFIX)), "there are characters in it that no token has"),
    )
    return next((what for wrong, what in tests if wrong), None)


def _decoded(token: Secret) -> bytes:
    body = token.reveal()[len(PREFIX) :].rstrip("=")
    if len(body) % 4 == 1:
        raise _Malformed("its end is missing")
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def _parse(data: bytes) -> Macaroon:
    reader = _Reader(data)
    if reader.byte() != _VERSION:
        raise _Malformed("it is no version 2 macaroon")
    location = _text(reader.field(_LOCATION), "location")
    identifier = _text(reader.field(_IDENTIFIER), "identifier")
    reader.end_of_section()
    caveats = []
    while reader.peek() != _END:
        caveats.append(reader.field(_IDENTIFIER))
        if reader.peek() == _VERIFICATION:
            raise _Malformed("it has a third-party caveat, which PyPI never issues")
        reader.end_of_section()
    reader.end_of_section()
    signature = reader.field(_SIGNATURE)
    if len(signature) != 32:
        raise _Malformed("its signature is not 32 bytes long")
    if reader.left:
        raise _Malformed("there is more after its signature")
    return Macaroon(location, identifier, tuple(caveats), signature)


def _text(data: bytes, what: str) -> str:
    if not data.isascii():
        raise _Malformed(f"its {what} is no plain text")
    return data.decode("ascii")


class _Reader:
    """Walks over the bytes; every step says what was expected when it is not there."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def peek(self) -> int:
        if not self.left:
            raise _Malformed("its end is missing")
        return self._data[self._at]

    def byte(self) -> int:
        value = self.peek()
        self._at += 1
        return value

    def field(self, kind: int) -> bytes:
        if self.byte() != kind:
            raise _Malformed("its parts are not in a macaroon's order")
        length = self._varint()
        if length > self.left:
            raise _Malformed("its end is missing")
        self._at += length
        return self._data[self._at - length : self._at]

    def end_of_section(self) -> None:
        if self.byte() != _END:
            raise _Malformed("its parts are not in a macaroon's order")

    def _varint(self) -> int:
        value = 0
        for shift in (0, 7):  # two bytes count to 16,383, more than the longest text has
            part = self.byte()
            value |= (part & 0x7F) << shift
            if part < 0x80:
                return value
        raise _Malformed("a length in it is impossible")
