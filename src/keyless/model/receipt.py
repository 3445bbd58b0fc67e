"""The receipt of a journey: what was done, proven by what, when, how sure it is, and what could not be seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import Origin
from keyless.model.proof import Judgement
from keyless.model.realm import Realm


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done. `evidence` says in words what its outcome rests on. `at` is UTC."""

    at: datetime
    phase: str
    what: str
    evidence: str


@dataclass(frozen=True, slots=True)
class TokenEnd:
    """What became of the token behind one secret.

    `identifier` is None when no token was ever given. `end` is "proven gone" (the index does not know it any more),
    "said to be gone" (a person's word), "expired", "kept" or "not known"; never more than is known. `origin` is how
    sure it is that this token was the one in the secret.
    """

    secret: str
    place: str
    index: Index | None
    identifier: str | None
    origin: Origin
    end: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Exemption:
    """Something that was gone on without, and the reason that the operator gave."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """All of it. `outcome` is the journey's state in words; `digest` the journal's chain's last hash. Times are UTC."""

    version: int
    realm: Realm
    repository: Repository
    journey: str
    outcome: str
    started_at: datetime
    issued_at: datetime
    made_by: str
    deeds: tuple[Deed, ...]
    proofs: tuple[Judgement, ...]
    tokens: tuple[TokenEnd, ...]
    exemptions: tuple[Exemption, ...]
    unseen: tuple[str, ...]
    digest: str | None = None
