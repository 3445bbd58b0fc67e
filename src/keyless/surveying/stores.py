"""What GitHub's stores of secrets hold for one repository."""

from __future__ import annotations

import asyncio

from keyless.model.github import RepositoryFacts, Store, StoreKind
from keyless.model.reading import Found, Reading, Unreadable
from keyless.model.survey import StoreReading
from keyless.services.ports import GitHub


async def read_stores(
    github: GitHub, facts: RepositoryFacts, environments: Reading[tuple[str, ...]]
) -> tuple[StoreReading, ...]:
    """Return a reading of every store that this repository's workflows and bots can read from."""
    stores = _stores(facts, environments)
    entries = await asyncio.gather(*(github.secrets(store) for store in stores))
    readings = [StoreReading(store, reading) for store, reading in zip(stores, entries, strict=True)]
    if isinstance(environments, Unreadable):
        owner, name = facts.repository.owner, facts.repository.name
        readings.append(StoreReading(Store(StoreKind.ENVIRONMENT, owner, name, "(all)"), environments))
    return tuple(readings)


def _stores(facts: RepositoryFacts, environments: Reading[tuple[str, ...]]) -> list[Store]:
    owner, name = facts.repository.owner, facts.repository.name
    stores = [Store(StoreKind.REPOSITORY, owner, name)]
    if isinstance(environments, Found):
        stores += [Store(StoreKind.ENVIRONMENT, owner, name, environment) for environment in environments.value]
    stores += [Store(kind, owner, name) for kind in (StoreKind.DEPENDABOT, StoreKind.CODESPACES, StoreKind.AGENTS)]
    if facts.owner_is_organisation:
        stores += [Store(StoreKind.ORGANISATION, owner), Store(StoreKind.ORGANISATION_DEPENDABOT, owner)]
    return stores
