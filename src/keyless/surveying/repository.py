"""The survey of one repository: which secrets exist where, which workflows read them, what cannot be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from keyless import workflows
from keyless.errors import NotAllowed, StalePlan, UsageError
from keyless.model.github import Repository, RepositoryFacts, SecretEntry
from keyless.model.index import Index, normalise
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.survey import ProjectReading, Survey
from keyless.model.workflow import Analysis, Here
from keyless.planning.candidates import candidates
from keyless.planning.project_name import METADATA, project_folder, project_name
from keyless.planning.uploads import uploads
from keyless.services.ports import Clock, GitHub, PackageIndex
from keyless.surveying.branches import read_branches, read_files
from keyless.surveying.shared import read_shared
from keyless.surveying.stores import read_stores


async def find_repository(github: GitHub, repository: Repository) -> RepositoryFacts:
    """Return the repository's facts. Raises UsageError when it is not there or not visible, StalePlan when renamed."""
    match await github.repository(repository):
        case Found(facts):
            if str(facts.repository).lower() != str(repository).lower():
                raise StalePlan(
                    f"{repository} is now called {facts.repository}.",
                    hint=f"Run the same command with {facts.repository}; publishers on PyPI have to name it so, too.",
                )
            return facts
        case Missing():
            raise UsageError(
                f"There is no repository {repository}, or this GitHub token cannot see it.",
                hint="Check the spelling, and with `keyless doctor` what the token may see.",
            )
        case Unreadable(because=because, permission=permission):
            needs = f" It needs the permission '{permission}'." if permission else ""
            raise NotAllowed(
                f"{repository} could not be read: {because}.{needs}",
                hint="Check the spelling; `keyless doctor` says what this GitHub token may do.",
            )


async def survey(github: GitHub, repository: Repository, clock: Clock) -> Survey:
    """Return what is to be seen of `repository`, without any of its projects (they are asked for first)."""
    facts = await find_repository(github, repository)
    here = facts.repository
    viewer, environments, seen = await asyncio.gather(
        github.viewer(), github.environments(here), _seen_from_organisation(github, facts)
    )
    head = await _head(github, facts)
    files = await read_files(github, here, head)
    if not isinstance(files, Found):
        why = files.because if isinstance(files, Unreadable) else files.what
        raise NotAllowed(
            f"The workflows of {here} could not be read: {why}.",
            hint="The GitHub token needs read access to the repository's contents.",
        )
    analysis = workflows.analyse(files.value, Here(here, facts.default_branch))
    branches = await read_branches(github, here, {head: Found(analysis)})
    found = Survey(
        facts=facts,
        viewer=viewer,
        head=head,
        files=files.value,
        analysis=analysis,
        branches=branches,
        stores=await read_stores(github, facts, environments),
        seen_from_organisation=seen,
        environments=environments,
        projects=(),
        shared=(),
        taken_at=clock.now(),
    )
    entries = [candidate.entry for candidate in candidates(found)]
    return replace(found, shared=await read_shared(github, facts, entries))


async def _seen_from_organisation(github: GitHub, facts: RepositoryFacts) -> Reading[tuple[SecretEntry, ...]]:
    if not facts.owner_is_organisation:
        return Found(())
    return await github.organisation_secrets_seen(facts.repository)


async def _head(github: GitHub, facts: RepositoryFacts) -> str:
    match await github.branches(facts.repository):
        case Found(branches):
            for branch in branches:
                if branch.name == facts.default_branch:
                    return branch.commit
    raise UsageError(
        f"{facts.repository} shows no branch '{facts.default_branch}'; it may be empty.",
        hint="Push a first commit with the publishing workflow, then run the same command again.",
    )


async def with_projects(found: Survey, indexes: dict[Index, PackageIndex], wanted: set[tuple[Index, str]]) -> Survey:
    """Return the survey with what the indexes say about the projects that it publishes."""
    pairs = sorted({(index, normalise(project)) for index, project in wanted}, key=lambda p: (p[0].value, p[1]))
    releases = await asyncio.gather(*(indexes[index].versions(project) for index, project in pairs))
    readings = (ProjectReading(i, p, r) for (i, p), r in zip(pairs, releases, strict=True))
    return replace(found, projects=tuple(readings))


async def suggest_projects(github: GitHub, found: Survey) -> Mapping[str, str | None]:
    """Return, by each upload's key, the project's name as the metadata beside its distributions tells it."""
    folders = {upload.key: project_folder(upload.step.folder) for upload in uploads(found.analysis)}
    names = await read_project_names(github, found, folders.values())
    return {key: names[folder] for key, folder in folders.items()}


async def read_project_names(github: GitHub, found: Survey, folders: Iterable[str]) -> Mapping[str, str | None]:
    """Return, by folder ("" is the root, others end with a slash), the name of the project that lies there."""
    names: dict[str, str | None] = {}
    for folder in dict.fromkeys(folders):
        paths = [f"{folder}{name}" for name in METADATA]
        answers = await github.files(found.facts.repository, found.head, paths)
        files = [answer.value for answer in answers if isinstance(answer, Found)]
        names[folder] = project_name(replace(file, path=file.path.removeprefix(folder)) for file in files)
    return names


def no_publishing(analysis: Analysis) -> bool:
    """Whether no workflow uploads to PyPI or TestPyPI as far as can be seen."""
    return not any(step.target.value != "other" for step in analysis.publish_steps)
