"""scan: where PyPI credentials live and what reads them. A folder needs no network and no token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keyless.errors import KeylessError, UsageError
from keyless.model.github import Repository, SourceFile
from keyless.model.index import Index
from keyless.model.publisher import Publisher, site
from keyless.model.reading import Found, Reading, Unreadable
from keyless.model.survey import Survey
from keyless.model.workflow import Analysis
from keyless.planning.candidates import candidates
from keyless.planning.forecast import forecasts
from keyless.planning.project_name import METADATA, project_folder, project_name
from keyless.planning.scan import OwnerScan, Scan
from keyless.services.ports import Clock, GitHub
from keyless.surveying.branches import AT_ONCE
from keyless.surveying.repository import read_project_names, survey
from keyless.surveying.scripts import complete


@dataclass(frozen=True, slots=True)
class Asked:
    """How publishers are shown: the indexes' addresses, and the publisher that somebody typed, to compare with."""

    sites: Mapping[Index, str] = field(default_factory=lambda: {index: site(index) for index in Index})
    typed: Publisher | None = None


def scan_files(
    name: str,
    repository: Repository | None,
    files: Sequence[SourceFile],
    read: Callable[[Sequence[str]], Sequence[Reading[SourceFile]]],
    asked: Asked | None = None,
) -> Scan:
    """Return what the files of a folder say; `read` gets the scripts that they name, and the projects' metadata.

    Where it cannot be told whose the folder is, a publisher that was typed is believed about owner and repository.
    """
    asked = asked or Asked()
    analysis = complete(files, read).analysis
    scan = Scan(name, repository, analysis)
    typed = asked.typed
    here = repository or (Repository(typed.owner, typed.repository) if typed else None)
    if here is None:
        return scan
    names = {folder: _name(folder, read) for folder in _folders(analysis)}
    return replace(scan, forecasts=forecasts(here, analysis, names, asked.sites, typed))


def _folders(analysis: Analysis) -> Iterable[str]:
    return dict.fromkeys(project_folder(step.folder) for step in analysis.publish_steps)


def _name(folder: str, read: Callable[[Sequence[str]], Sequence[Reading[SourceFile]]]) -> str | None:
    found = (reading.value for reading in read([f"{folder}{name}" for name in METADATA]) if isinstance(reading, Found))
    return project_name(replace(file, path=file.path.removeprefix(folder)) for file in found)


async def scan_repository(github: GitHub, repository: Repository, clock: Clock, asked: Asked | None = None) -> Scan:
    """Return what GitHub shows of one repository."""
    asked = asked or Asked()
    found = await survey(github, repository, clock)
    names = await read_project_names(github, found, _folders(found.analysis))
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
