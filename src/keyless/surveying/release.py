"""Gather the evidence about a release: the index's files and provenance, the signatures, and GitHub's side of the run."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from keyless import workflows
from keyless.model.github import Repository, Run, RunJob
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.release import FileEvidence, Release, ReleaseFile, RunEvidence
from keyless.model.workflow import Here
from keyless.services.ports import GitHub, PackageIndex, Verifier
from keyless.surveying.branches import AT_ONCE, read_files

_RUN = re.compile(r"/actions/runs/(\d+)/attempts/(\d+)$")
_RUN_BEFORE_UPLOAD = timedelta(hours=6)  # GitHub ends a job after six hours: an older run cannot have uploaded

FileProvenance: TypeAlias = tuple[ReleaseFile, Reading[bytes]]
"""A file, and its provenance as the index gave it."""


async def newest(index: PackageIndex, project: str, version: str | None = None) -> Reading[Release]:
    """Return the release of `version`, or the one with the newest upload."""
    match await index.versions(project):
        case Found(releases):
            for release in releases:
                if version is None or release.version == version:
                    return Found(release)
            return Missing(f"{project} {version or ''} has no files on {index.index.label}".replace("  ", " "))
        case other:
            return other


async def gather_files(index: PackageIndex, verifier: Verifier, release: Release) -> tuple[FileEvidence, ...]:
    """Return what the index and the signatures say about each file, at most twenty asked for at once."""
    return verified(verifier, await read_provenance(index, release))


async def read_provenance(index: PackageIndex, release: Release) -> tuple[FileProvenance, ...]:
    """Return each file with its provenance as the index gives it, at most twenty asked for at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(file: ReleaseFile) -> FileProvenance:
        if file.has_provenance is False:
            return file, Missing(f"provenance of {file.filename}")
        async with gate:
            return file, await index.provenance(release.project, release.version, file.filename)

    return tuple(await asyncio.gather(*(one(file) for file in release.files)))


def verified(verifier: Verifier, provenance: Sequence[FileProvenance]) -> tuple[FileEvidence, ...]:
    """Return what the signatures amount to, file by file. No request is made."""
    return tuple(
        FileEvidence(file, Found(verifier.attestations(reading.value, file)) if isinstance(reading, Found) else reading)
        for file, reading in provenance
    )


async def gather_run(
    github: GitHub, repository: Repository, workflow_path: str | None, release: Release, files: Sequence[FileEvidence]
) -> Reading[RunEvidence]:
    """Return the run that seems to have made the release: the one a certificate names, else the one at that time."""
    reading = await _find_run(github, repository, workflow_path, release, files)
    if not isinstance(reading, Found):
        return reading
    run = reading.value
    jobs = await github.jobs(repository, run.id, run.attempt)
    if not isinstance(jobs, Found):
        return Unreadable("the run's jobs", jobs.because if isinstance(jobs, Unreadable) else jobs.what)
    texts = await read_files(github, repository, run.head_sha)
    token = workflows.uses_token(texts.value, run.path, Here(repository)) if isinstance(texts, Found) else None
    return Found(RunEvidence(run, jobs.value, token))


async def _find_run(
    github: GitHub, repository: Repository, workflow_path: str | None, release: Release, files: Sequence[FileEvidence]
) -> Reading[Run]:
    """The run that a certificate names, otherwise the one during which the files arrived."""
    for file in files:
        if isinstance(file.attestations, Found):
            for fact in file.attestations.value:
                match = _RUN.search(fact.claims.run_uri) if fact.claims else None
                if match:
                    return await github.run(repository, int(match[1]), int(match[2]))
    if workflow_path is None:
        return Unreadable("the workflow run", "it is not known which workflow publishes")
    uploads = sorted(file.uploaded_at for file in release.files)
    match await github.runs(repository, workflow_path, uploads[0] - _RUN_BEFORE_UPLOAD):
        case Found(runs):
            return _during(runs, uploads) or Missing("a run of the workflow at the time of the upload")
        case other:
            return other


def _during(runs: Sequence[Run], uploads: Sequence[datetime]) -> Found[Run] | None:
    for run in runs:
        if run.created_at <= uploads[0] and uploads[-1] <= run.updated_at:
            return Found(run)
    return None


async def failed_run(
    github: GitHub, repository: Repository, workflow_path: str, since: datetime
) -> tuple[Run, tuple[RunJob, ...]] | None:
    """Return the newest finished run of the workflow when it failed, with its jobs: it may say why no release came."""
    match await github.runs(repository, workflow_path, since):
        case Found(runs):
            ended = [run for run in runs if run.status == "completed"]
            if ended and ended[0].conclusion == "failure":
                jobs = await github.jobs(repository, ended[0].id, ended[0].attempt)
                return ended[0], jobs.value if isinstance(jobs, Found) else ()
    return None
