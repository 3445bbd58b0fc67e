"""What is tried before there is a release: a job's identity is exchanged for an upload token, and that is thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.refusal import FieldExplained
from keyless.secret import Secret


@dataclass(frozen=True, slots=True)
class Identity:
    """A job's identity for one index: the token that GitHub signed, and those of its claims that an index compares."""

    token: Secret
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Minted:
    """An upload token that an index made for an identity, and its end (UTC), fifteen minutes later."""

    token: Secret
    until: datetime


class Reach(Enum):
    """Whether a minted token may upload to the project that was asked about. UNKNOWN: the answer does not tell."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Preflight:
    """An exchange that the index agreed to. It is no proof and counts as none: nothing was released (S2).

    `publisher` is what the run said of itself; `fields` lay it beside what was expected. `leaves_open` says in sentences
    what was not tried.
    """

    index: Index
    project: str
    publisher: Publisher
    fields: tuple[FieldExplained, ...]
    reach: Reach
    because: str
    until: datetime
    leaves_open: tuple[str, ...]
