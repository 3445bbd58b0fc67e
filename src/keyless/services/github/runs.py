"""Workflow runs, their jobs and what the actions said about themselves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from keyless.model.github import Annotation, Repository, Run, RunJob, RunStep
from keyless.model.reading import Found, Reading, Unreadable
from keyless.services.github import answers
from keyless.services.github.paths import part, repository_path
from keyless.services.github.wire import Topic


class Runs(Topic):
    """Reads what ran."""

    async def runs(self, repository: Repository, workflow_path: str, since: datetime) -> Reading[tuple[Run, ...]]:
        """Return the runs of a workflow file created at or after `since`, newest first, first page only."""
        name = workflow_path.rpartition("/")[2]
        path = f"{repository_path(repository)}/actions/workflows/{part(name)}/runs"
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query: dict[str, str | int] = {"created": f">={moment}", "per_page": 100}
        match await self._wire.read(path, answers.RunPage, f"runs of {workflow_path} in {repository}", query):
            case Found(page):
                runs = sorted((_run(item) for item in page.workflow_runs), key=lambda run: run.created_at, reverse=True)
                return Found(tuple(runs))
            case unreadable:
                return unreadable

    async def run(self, repository: Repository, run_id: int, attempt: int | None = None) -> Reading[Run]:
        """Return one run, at the attempt asked for or its newest."""
        path = f"{repository_path(repository)}/actions/runs/{run_id}"
        path += f"/attempts/{attempt}" if attempt is not None else ""
        match await self._wire.read(path, answers.RunItem, f"run {run_id} of {repository}"):
            case Found(item):
                return Found(_run(item))
            case unreadable:
                return unreadable

    async def jobs(self, repository: Repository, run_id: int, attempt: int) -> Reading[tuple[RunJob, ...]]:
        """Return the jobs of one attempt with steps and the annotations of each job's check run.

        If the annotations of one job cannot be read, the whole is unreadable: a missing warning is no evidence.
        """
        path = f"{repository_path(repository)}/actions/runs/{run_id}/attempts/{attempt}/jobs"
        found = await self._wire.pages(path, answers.JobPage, lambda page: page.jobs, f"jobs of run {run_id}")
        if isinstance(found, Unreadable):
            return found
        notes = await asyncio.gather(*(self._annotations(repository, item) for item in found.value))
        jobs: list[RunJob] = []
        for item, note in zip(found.value, notes, strict=True):
            if isinstance(note, Unreadable):
                return note
            jobs.append(_job(item, note.value))
        return Found(tuple(jobs))

    async def _annotations(
        self, repository: Repository, job: answers.JobItem
    ) -> Found[tuple[Annotation, ...]] | Unreadable:
        if job.conclusion == "skipped":
            return Found(())
        path = f"{repository_path(repository)}/check-runs/{job.id}/annotations"
        what = f"annotations of job '{job.name}'"
        match await self._wire.pages(path, list[answers.AnnotationItem], lambda page: page, what):
            case Found(items):
                return Found(tuple(Annotation(i.annotation_level or "", i.title or "", i.message or "") for i in items))
            case unreadable:
                return unreadable


def _run(item: answers.RunItem) -> Run:
    return Run(
        id=item.id,
        attempt=item.run_attempt,
        path=item.path.partition("@")[0],
        event=item.event,
        head_branch=item.head_branch,
        head_sha=item.head_sha,
        status=item.status or "",
        conclusion=item.conclusion,
        created_at=item.created_at,
        updated_at=item.updated_at,
        url=item.html_url,
        referenced=tuple(workflow.path for workflow in item.referenced_workflows or ()),
    )


def _job(item: answers.JobItem, annotations: tuple[Annotation, ...]) -> RunJob:
    steps = tuple(
        RunStep(step.number, step.name, step.conclusion, step.started_at, step.completed_at)
        for step in item.steps or ()
    )
    return RunJob(item.id, item.name, item.conclusion, item.started_at, item.completed_at, steps, annotations)
