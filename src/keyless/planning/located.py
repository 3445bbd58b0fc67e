"""Secrets that uploads read and nobody can see in a store: without them a migration would end too early (S11)."""

from __future__ import annotations

from dataclasses import dataclass

from keyless.model.github import StoreKind
from keyless.model.reading import Found, Unreadable
from keyless.model.survey import StoreReading, Survey

_OF_RUNS = (StoreKind.REPOSITORY, StoreKind.ENVIRONMENT, StoreKind.ORGANISATION)
"""The stores from which a run of a workflow is given its secrets."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Secrets that are read and in no store that can be seen, and the stores that could not be read."""

    secrets: tuple[str, ...]
    stores: tuple[StoreReading, ...]
    organisations: bool
    """Whether the organisation is known to hold them: only one of its owners can change that."""


def hidden(survey: Survey) -> Hidden | None:
    """Return what uploads of the default branch read and no readable store holds; None when nothing is hidden."""
    wanted = dict.fromkeys(reference.secret.upper() for reference in survey.analysis.references)
    read = [r for r in survey.stores if r.store.kind in _OF_RUNS]
    seen = {entry.name.upper() for r in read if isinstance(r.entries, Found) for entry in r.entries.value}
    closed = [r for r in read if isinstance(r.entries, Unreadable)]
    lacking = tuple(name for name in wanted if name not in seen)
    if not lacking or not closed:
        return None
    if not isinstance(survey.seen_from_organisation, Found):
        return Hidden(lacking, tuple(closed), organisations=False)
    shared = {entry.name.upper() for entry in survey.seen_from_organisation.value}
    if all(r.store.kind is StoreKind.ORGANISATION for r in closed):
        held = tuple(name for name in lacking if name in shared)
        return Hidden(held, tuple(closed), organisations=True) if held else None
    return Hidden(lacking, tuple(closed), organisations=False)
