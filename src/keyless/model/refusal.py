"""Why an index refused to exchange a run's identity for an upload token, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyless.model.publisher import Publisher


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a publishing tool wrote down: the index's codes with their descriptions, and the claims of the run."""

    reasons: tuple[tuple[str, str], ...]
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldExplained:
    """One field of the publisher: what the run said, what was expected, and why that does not fit ("" where it does)."""

    field: str
    real: str
    expected: str
    wrong: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal, explained: `real` is the publisher that this run needs, `page` where it is registered, prefilled."""

    code: str
    says: str
    fields: tuple[FieldExplained, ...]
    real: Publisher | None
    page: str
