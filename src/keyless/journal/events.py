"""Events: what the journal is made of. Each carries the hash of the one before, so none can change, vanish or move."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keyless.model.codec import Json, encode

_TOKEN: Final = re.compile(r"pypi-[A-Za-z0-9_-]{16,}")


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a journey's history. `body` is canonical JSON text; `hash` covers everything else in here."""

    journey: str
    number: int
    at: datetime
    kind: str
    body: str
    previous: str
    hash: str

    def line(self) -> str:
        """Return the event as a line of the export."""
        return canonical(
            {**_stated(self.journey, self.number, self.at, self.kind, self.body, self.previous), "hash": self.hash}
        )


def canonical(value: Mapping[str, Json]) -> str:
    """Return JSON with one spelling only: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def body_of(values: Mapping[str, object]) -> str:
    """Return an event's body. A Secret cannot get in; text that looks like a token is hidden, wherever it came from."""
    text = canonical({key: encode(value) for key, value in values.items()})
    return _TOKEN.sub("pypi-[hidden]", text)


def make(journey: str, number: int, at: datetime, kind: str, body: str, previous: str) -> Event:
    """Return the event that follows the one whose hash is `previous`."""
    return Event(journey, number, at, kind, body, previous, link(journey, number, at, kind, body, previous))


def link(journey: str, number: int, at: datetime, kind: str, body: str, previous: str) -> str:
    """Return the hash of an event: sha256, in hex, of its canonical JSON without the hash itself."""
    return digest(canonical(_stated(journey, number, at, kind, body, previous)))


def digest(line: str) -> str:
    """Return the sha256 of a line, in hex."""
    return hashlib.sha256(line.encode()).hexdigest()


def _stated(journey: str, number: int, at: datetime, kind: str, body: str, previous: str) -> dict[str, Json]:
    return {
        "at": encode(at),
        "body": json.loads(body),
        "journey": journey,
        "kind": kind,
        "number": number,
        "previous": previous,
    }
