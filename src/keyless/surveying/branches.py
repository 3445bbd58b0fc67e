"""What the workflows on each live branch say. Each distinct commit is read once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from keyless import workflows
from keyless.model.github import Branch, Repository, SourceFile
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.survey import BranchReading
from keyless.model.workflow import Analysis, Here
from keyless.services.ports import GitHub
from keyless.surveying.scripts import ScriptHunt

AT_ONCE = 20


async def read_files(github: GitHub, repository: Repository, commit: str) -> Reading[tuple[SourceFile, ...]]:
    """Return the automation files at `commit` with the scripts that they name."""
    reading = await github.automation(repository, commit)
    if isinstance(reading, Missing):
        return Found(())
    if isinstance(reading, Unreadable):
        return reading
    hunt = ScriptHunt(reading.value, Here(repository))
    while wanted := hunt.wanted():
        hunt.add(await github.files(repository, commit, wanted))
    return Found(hunt.files)


async def analyse_at(github: GitHub, repository: Repository, branch: Branch) -> Reading[Analysis]:
    """Return what the workflows at the head of `branch` say."""
    match await read_files(github, repository, branch.commit):
        case Found(files):
            return Found(workflows.analyse(files, Here(repository, branch.name)))
        case other:
            return other


async def read_branches(
    github: GitHub, repository: Repository, known: Mapping[str, Reading[Analysis]]
) -> tuple[BranchReading, ...]:
    """Return every branch's reading; `known` holds commits that were read already.

    When the branches cannot be listed there is one reading that says so, so that nobody takes silence for "none".
    """
    match await github.branches(repository):
        case Found(branches):
            analyses = await _each_commit(github, repository, branches, known)
            return tuple(BranchReading(branch, analyses[branch.commit]) for branch in branches)
        case Unreadable() as unreadable:
            return (BranchReading(Branch("(all branches)", ""), unreadable),)
        case Missing(what):
            return (BranchReading(Branch("(all branches)", ""), Unreadable(what, "the repository shows no branches")),)


async def _each_commit(
    github: GitHub, repository: Repository, branches: Iterable[Branch], known: Mapping[str, Reading[Analysis]]
) -> dict[str, Reading[Analysis]]:
    gate = asyncio.Semaphore(AT_ONCE)
    first = {branch.commit: branch for branch in reversed(list(branches)) if branch.commit not in known}

    async def read(branch: Branch) -> Reading[Analysis]:
        async with gate:
            return await analyse_at(github, repository, branch)

    readings = await asyncio.gather(*(read(branch) for branch in first.values()))
    return dict(known) | dict(zip(first, readings, strict=True))
