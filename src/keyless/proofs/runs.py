"""What the workflow run says: whether it contradicts, and, where there is no provenance, whether a proof can be inferred."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from keyless.model.github import RunJob
from keyless.model.release import Claims, Evidence, Expectation, RunEvidence
from keyless.proofs.findings import TICK, Finding, clock, contradicts, holds, is_before, unread
from keyless.proofs.identity import run_number

TOKEN_TITLES: Final = frozenset(
    {"upgrade to trusted publishing", "create a trusted publisher", "attestations input ignored"}
)
"""Titles of the warnings that pypa/gh-action-pypi-publish leaves only when it uploads with a token."""

_URL: Final = re.compile(r"https?://[^/]+/([^/]+)/([^/]+)/actions/runs/(\d+)(?:/.*)?")


def run_contradictions(
    evidence: Evidence, found: RunEvidence, claims: Sequence[Claims], expectation: Expectation
) -> Iterator[Finding]:
    """Yield what in the run cannot be, if the release went out as expected: whatever the provenance says."""
    run, publisher = found.run, expectation.publisher
    where = _URL.fullmatch(run.url)
    if not where or where[1].lower() != publisher.owner.lower() or where[2] != publisher.repository:
        yield contradicts("run-of-another-repository", f"The run is of another repository: {run.url}.")
    if run.path != f".github/workflows/{publisher.workflow}":
        yield contradicts("run-of-another-workflow", f"The run is of {run.path}, not of {publisher.workflow}.")
    if is_before(run.created_at, expectation.after):
        yield contradicts(
            "run-before-change",
            f"Run {run.id} was started on {clock(run.created_at)}, before the workflow was changed.",
            "a release made after the workflow was changed, by a new run rather than by running an old one again",
        )
    for each in claims:
        if run_number(each.run_uri) != str(run.id):
            yield contradicts("run-differs", f"The files were signed in {each.run_uri}, not in run {run.id}.")
        elif each.source_digest != run.head_sha:
            yield contradicts("commit-differs", f"The files were signed at another commit than run {run.id} had.")
    yield from _annotations(evidence, found)


def _annotations(evidence: Evidence, found: RunEvidence) -> Iterator[Finding]:
    uploads = [file.uploaded_at for file in evidence.release.files]
    for job in found.jobs:
        titles = sorted({note.title for note in job.annotations if note.title.strip().lower() in TOKEN_TITLES})
        if titles and not _elsewhere(job, found.jobs, uploads):
            yield contradicts(
                "token-annotation",
                f"Job '{job.name}' says that it uploaded with a token: {', '.join(titles)}.",
                "a release by a workflow that hands no password to the upload",
            )


def _elsewhere(job: RunJob, jobs: Sequence[RunJob], uploads: Sequence[datetime]) -> bool:
    """Whether every upload surely happened in other jobs: such a job uploaded to another index, or something else."""
    return all(
        _during(job.started_at, job.completed_at, moment) is False
        and any(_during(other.started_at, other.completed_at, moment) for other in jobs if other is not job)
        for moment in uploads
    )


def _during(start: datetime | None, end: datetime | None, moment: datetime) -> bool | None:
    if start is None or end is None:
        return None
    return start - TICK <= moment <= end + TICK


def inference(evidence: Evidence, found: RunEvidence) -> Iterator[Finding]:
    """Yield what has to hold so that a release without provenance can be inferred from its run."""
    yield from _conclusion(found)
    yield from _text(found)
    steps = [step for job in found.jobs for step in job.steps if step.conclusion == "success"]
    timed = [step for step in steps if step.started_at is not None and step.completed_at is not None]
    if not timed:
        yield unread(
            "steps-without-times", f"Run {found.run.id} shows no successful step with its times.", "look again"
        )
        return
    for file in evidence.release.files:
        if any(_during(step.started_at, step.completed_at, file.uploaded_at) for step in timed):
            yield holds("uploaded-in-step", f"{file.filename} was uploaded during a successful step of the run.")
        else:
            yield contradicts(
                "uploaded-outside-run",
                f"{file.filename} was uploaded on {clock(file.uploaded_at)}, during no step of run {found.run.id}.",
                "a release made by the workflow alone",
            )


def _conclusion(found: RunEvidence) -> Iterator[Finding]:
    run = found.run
    if run.conclusion is None:
        yield unread("run-not-ended", f"Run {run.id} has not ended.", "wait until it ends")
    elif run.conclusion != "success":
        yield contradicts(
            "run-failed", f"Run {run.id} ended with '{run.conclusion}'.", "a release by a run that succeeds"
        )
    else:
        yield holds("run-succeeded", f"Run {run.id} succeeded.")


def _text(found: RunEvidence) -> Iterator[Finding]:
    what = f"The workflow at commit {found.run.head_sha[:12]}"
    if found.uses_token is None:
        yield unread("workflow-unclear", f"{what} does not show whether it hands over a credential.")
    elif found.uses_token:
        yield contradicts(
            "workflow-uses-token", f"{what} hands a credential to the upload.", "a release by the changed workflow"
        )
    else:
        yield holds("workflow-without-token", f"{what} hands no credential to the upload.")
