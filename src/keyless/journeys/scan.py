"""scan: where PyPI credentials live and what reads them. A folder needs no network and no token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from keyless import workflows
from keyless.errors import KeylessError, UsageError
from keyless.model.github import Repository, SourceFile
from keyless.model.reading import Found, Reading, Unreadable
from keyless.model.survey import Survey
from keyless.planning.candidates import candidates
from keyless.planning.scan import Scan
from keyless.services.ports import Clock, GitHub
from keyless.surveying.branches import AT_ONCE
from keyless.surveying.repository import survey
from keyless.surveying.scripts import complete


def scan_files(
    name: str, files: Sequence[SourceFile], read: Callable[[Sequence[str]], Sequence[Reading[SourceFile]]]
) -> Scan:
    """Return what the files of a folder say; `read` gets the scripts that they name."""
    return Scan(name, workflows.analyse(complete(files, read)), (), ())


async def scan_repository(github: GitHub, repository: Repository, clock: Clock) -> Scan:
    """Return what GitHub shows of one repository."""
    return scan_survey(await survey(github, repository, clock))


def scan_survey(found: Survey) -> Scan:
    """Return the part of a survey that `scan` shows."""
    return Scan(str(found.facts.repository), found.analysis, found.stores, candidates(found))


async def scan_owner(github: GitHub, owner: str, clock: Clock) -> tuple[tuple[str, Reading[Scan]], ...]:
    """Return a scan of every repository of `owner` that is not archived; what failed says so in its place."""
    repositories = await github.repositories(owner)
    if not isinstance(repositories, Found):
        why = repositories.because if isinstance(repositories, Unreadable) else "there is no such owner"
        raise UsageError(f"The repositories of {owner} could not be listed: {why}.", hint="Run `keyless doctor`.")
    gate = asyncio.Semaphore(AT_ONCE // 2)

    async def one(repository: Repository) -> tuple[str, Reading[Scan]]:
        async with gate:
            try:
                return str(repository), Found(await scan_repository(github, repository, clock))
            except KeylessError as error:
                return str(repository), Unreadable(str(repository), error.what)

    alive = [facts.repository for facts in repositories.value if not facts.archived]
    return tuple(await asyncio.gather(*(one(repository) for repository in alive)))
