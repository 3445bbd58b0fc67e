"""One spelling for everything in a backup: JSON and base64 that can be written in only one way, so no byte is free."""

from __future__ import annotations

import base64
import json

from keyless.model.codec import Json
from keyless.vault.refusal import damaged


def canonical(value: Json) -> bytes:
    """Return JSON with sorted keys, no spaces, and ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def parsed(data: bytes) -> Json:
    """Return the value of canonical JSON. Raises Refusal for any other spelling of it."""
    try:
        value: Json = json.loads(data)
        if canonical(value) == data:
            return value
    except (ValueError, RecursionError):
        pass
    raise damaged("its text is not as it was written")


def encoded64(data: bytes) -> str:
    """Return standard base64 with padding."""
    return base64.b64encode(data).decode()


def decoded64(text: Json, length: int | None = None) -> bytes:
    """Return the bytes of standard base64, of exactly `length` if given. Raises Refusal for any other spelling."""
    if isinstance(text, str):
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            data = None
        if data is not None and encoded64(data) == text and length in (None, len(data)):
            return data
    raise damaged("a part of it is not as it was written")
