"""A PyPI API token's identity card, and whether it is alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from keyless.model.index import Index


class Scope(Enum):
    """What a token may do, as far as its own text says. UNSTATED: no caveat says, so the scope is unknown."""

    ACCOUNT = "account"
    PROJECTS = "projects"
    MINTED = "minted"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class TokenCard:
    """What a token says of itself, offline. Holds nothing from which the token could be rebuilt.

    `identifier` is the UUID that the account page shows as "unique identifier". `projects` are normalised names, all of
    which every restriction allows (None: not restricted by name). Times are UTC.
    """

    index: Index | None
    identifier: str
    scope: Scope
    projects: tuple[str, ...] | None
    project_ids: tuple[str, ...] | None
    user_id: str | None
    publisher_id: str | None
    not_before: datetime | None
    expires_at: datetime | None
    length: int
    caveats: tuple[str, ...]
    """Each caveat in words, in order."""
    unknown: tuple[str, ...] = ()
    """Those that the index does not know: it refuses a token that carries one."""


class Life(Enum):
    """Whether the index knows a token's identifier. UNKNOWN: it gave no answer that tells."""

    ALIVE = "alive"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Probe:
    """What the empty upload form told about a token, when (UTC), and in whose words."""

    life: Life
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Concern:
    """A difference between a token and what was expected. `fatal`: it cannot serve; otherwise say it and go on."""

    identifier: str
    fatal: bool
    message: str
    advice: str
