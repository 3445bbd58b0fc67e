"""Proof: evidence that a release came through a trusted publisher, graded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from keyless.model.index import Index


class Grade(Enum):
    """From strongest to weakest. NONE is a grade of its own: no evidence, which is no proof of the opposite."""

    ATTESTED = "attested"
    DECLARED = "declared"
    INFERRED = "inferred"
    NONE = "none"

    def reaches(self, bar: Grade) -> bool:
        """Whether this grade is at least as strong as `bar`. INFERRED and DECLARED are ordered by strength here."""
        order = (Grade.NONE, Grade.INFERRED, Grade.DECLARED, Grade.ATTESTED)
        return order.index(self) >= order.index(bar)


class Verdict(Enum):
    """PROVEN and NOT_PROVEN are answers; CANNOT_TELL means that a needed fact could not be read."""

    PROVEN = "proven"
    NOT_PROVEN = "not-proven"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact that counted: for ("for"), against ("against") or unknown ("unknown"); `raises` says what would help."""

    identifier: str
    side: str
    message: str
    raises: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the evidence about one release amounts to, with every reason."""

    index: Index
    project: str
    version: str | None
    grade: Grade
    verdict: Verdict
    reasons: tuple[Reason, ...]
    evidence_digest: str | None = None
    run_url: str | None = None
