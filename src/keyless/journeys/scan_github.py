"""scan of what GitHub shows: one repository, or all of an owner's."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from keyless.errors import KeylessError, UsageError
from keyless.journeys.scan import Asked, folders
from keyless.model.github import Repository
from keyless.model.reading import Found, Reading, Unreadable
from keyless.model.survey import Survey
from keyless.planning.candidates import candidates
from keyless.planning.forecast import forecasts
from keyless.planning.scan import OwnerScan, Scan
from keyless.services.ports import Clock, GitHub
from keyless.surveying.branches import AT_ONCE
from keyless.surveying.repository import read_project_names, survey


async def scan_repository(github: GitHub, repository: Repository, clock: Clock, asked: Asked | None = None) -> Scan:
    """Return what GitHub shows of one repository."""
    asked = asked or Asked()
    found = await survey(github, repository, clock)
    names = await read_project_names(github, found, folders(found.analysis))
    foretold = forecasts(found.facts.repository, found.analysis, names, asked.sites, asked.typed)
    return replace(scan_survey(found), forecasts=foretold)


def scan_survey(found: Survey) -> Scan:
    """Return the part of a survey that `scan` shows."""
    here = found.facts.repository
    return Scan(str(here), here, found.analysis, found.stores, candidates(found))


async def scan_owner(github: GitHub, owner: str, clock: Clock) -> OwnerScan:
    """Return a scan of every repository of `owner` that is not archived; what failed says so in its place."""
    repositories = await github.repositories(owner)
    if not isinstance(repositories, Found):
        why = repositories.because if isinstance(repositories, Unreadable) else "there is no such owner"
        raise UsageError(f"The repositories of {owner} could not be listed: {why}.", hint="Run `keyless doctor`.")
    gate = asyncio.Semaphore(AT_ONCE // 2)

    async def one(repository: Repository) -> tuple[str, Reading[Scan]]:
        async with gate:
            try:
                return str(repository), Found(scan_survey(await survey(github, repository, clock)))
            except KeylessError as error:
                return str(repository), Unreadable(str(repository), error.what)

    alive = [facts.repository for facts in repositories.value if not facts.archived]
    return OwnerScan(owner, tuple(await asyncio.gather(*(one(repository) for repository in alive))))
