"""Which other repositories of an organisation still read a shared secret."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from keyless.model.github import Repository, RepositoryFacts, SecretEntry, StoreKind, Visibility
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.survey import SharedUse
from keyless.planning.readers import readers
from keyless.services.ports import GitHub
from keyless.surveying.branches import AT_ONCE, read_branches


async def read_shared(github: GitHub, here: RepositoryFacts, entries: Iterable[SecretEntry]) -> tuple[SharedUse, ...]:
    """Return, for each of the organisation's entries, every other repository that sees it and whether it reads it."""
    uses: list[SharedUse] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(entry: SecretEntry, repository: Repository) -> SharedUse:
        async with gate:
            return SharedUse(entry.name, repository, await _reads(github, repository, entry.name))

    for entry in entries:
        if entry.store.kind not in (StoreKind.ORGANISATION, StoreKind.ORGANISATION_DEPENDABOT):
            continue
        match await _who_sees(github, here, entry):
            case Found(repositories):
                uses += await asyncio.gather(*(one(entry, repository) for repository in repositories))
            case Unreadable() as unreadable:
                everyone = Repository(here.repository.owner, "(all repositories)")
                uses.append(SharedUse(entry.name, everyone, unreadable))
            case Missing():
                continue
    return tuple(uses)


async def _who_sees(github: GitHub, here: RepositoryFacts, entry: SecretEntry) -> Reading[Sequence[Repository]]:
    if entry.visibility is Visibility.SELECTED:
        return Found([s.repository for s in entry.selected if s.id != here.id])
    match await github.repositories(here.repository.owner):
        case Found(everyone):
            private_only = entry.visibility is Visibility.PRIVATE
            others = [f for f in everyone if f.id != here.id and not f.archived]
            return Found([f.repository for f in others if f.private or not private_only])
        case other:
            return other


async def _reads(github: GitHub, repository: Repository, secret: str) -> Reading[bool]:
    found = readers(secret, await read_branches(github, repository, {}))
    if any(reader.certain for reader in found):
        return Found(value=True)
    if found:
        return Unreadable(f"workflows of {repository}", found[0].says)
    return Found(value=False)
