"""Workflow runs as the runner leaves them: attempts, jobs, steps with times, annotations of the jobs' check runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from keyless.rehearsal.github import accounts, moments, repositories
from keyless.rehearsal.store import Document, Store

RUN, JOB, ANNOTATION, WORKFLOW = "github-run", "github-job", "github-annotation", "github-workflow"


def create_run(  # noqa: PLR0913 - a run has these fields
    store: Store,
    owner: str,
    name: str,
    *,
    path: str,
    event: str,
    ref: str,
    sha: str,
    actor: str,
    referenced: Iterable[str] = (),
) -> int:
    """Start a run of the workflow file `path` at commit `sha`; return its id.

    `ref` is a branch or tag, with or without `refs/…`; `referenced` are reusable workflows ("owner/name/path@ref").
    """
    document = repositories.repository(store, owner, name)
    with store.transaction():
        accounts.create_user(store, actor)
        identifier = store.next_number("github-run", 7_000_000_001)
        workflow = workflow_id(store, document["id"], path)
        moment = moments.now(store)
        run: Document = {
            "id": identifier,
            "repository": document["id"],
            "number": store.next_number(f"github-run/{workflow}"),
            "attempt": 1,
            "path": path,
            "workflow": workflow,
            "event": event,
            "ref": ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
            "sha": sha,
            "actor": actor,
            "referenced": list(referenced),
            "status": "in_progress",
            "conclusion": None,
            "created_at": moment,
            "started_at": moment,
            "updated_at": moment,
        }
        _save(store, run)
    return identifier


def rerun(store: Store, owner: str, name: str, run_id: int) -> int:
    """Start the next attempt of a run; earlier attempts stay to be read. Return the attempt's number."""
    run = _found(store, owner, name, run_id)
    moment = moments.now(store)
    again = {"attempt": run["attempt"] + 1, "status": "in_progress", "conclusion": None, "started_at": moment}
    _save(store, run | again | {"updated_at": moment})
    attempt: int = again["attempt"]
    return attempt


def finish_run(store: Store, owner: str, name: str, run_id: int, conclusion: str) -> None:
    """End the newest attempt: "success", "failure", "cancelled", ..."""
    run = _found(store, owner, name, run_id)
    _save(store, run | {"status": "completed", "conclusion": conclusion, "updated_at": moments.now(store)})


def add_job(
    store: Store,
    owner: str,
    name: str,
    run_id: int,
    *,
    job: str,
    started_at: datetime | None = None,
    completed_at: datetime | None = None,
    conclusion: str | None = None,
) -> int:
    """Add a job to the newest attempt; return its id, which is its check run's too. No conclusion: it still runs."""
    run = _found(store, owner, name, run_id)
    with store.transaction():
        identifier = store.next_number("github-job", 21_000_000_001)
        document: Document = {
            "id": identifier,
            "run": run_id,
            "attempt": run["attempt"],
            "repository": run["repository"],
            "name": job,
            "created_at": moments.now(store),
            "started_at": moments.text(started_at or store.now()),
            "steps": [],
        }
        _save_job(store, document | _ending(completed_at, conclusion))
    return identifier


def finish_job(
    store: Store, owner: str, name: str, job_id: int, conclusion: str, completed_at: datetime | None = None
) -> None:
    """End a job."""
    job = find_job(store, repositories.repository(store, owner, name)["id"], job_id)
    _save_job(store, job | _ending(completed_at or store.now(), conclusion))


def add_step(
    store: Store,
    owner: str,
    name: str,
    job_id: int,
    *,
    step: str,
    conclusion: str | None,
    started_at: datetime | None = None,
    completed_at: datetime | None = None,
) -> int:
    """Add a step to a job; return its number, from 1."""
    job = find_job(store, repositories.repository(store, owner, name)["id"], job_id)
    number = len(job["steps"]) + 1
    started = started_at or store.now()
    ended = completed_at or (started if conclusion else None)
    document: Document = {"number": number, "name": step, "started_at": moments.text(started)}
    job["steps"].append(document | _ending(ended, conclusion))
    _save_job(store, job)
    return number


def add_annotation(
    store: Store, owner: str, name: str, job_id: int, *, level: str, title: str, message: str, path: str = ".github"
) -> None:
    """Add an annotation ("notice", "warning", "failure") to a job's check run."""
    job = find_job(store, repositories.repository(store, owner, name)["id"], job_id)
    number = store.next_number(f"github-annotation/{job_id}")
    document: Document = {"level": level, "title": title, "message": message, "path": path, "line": number}
    store.put(ANNOTATION, f"{job['id']:012d}/{number:06d}", document)


def annotations_of(store: Store, job_id: int) -> list[Document]:
    """Return the annotations of a job's check run, in order."""
    return [one for _, one in store.all(ANNOTATION, f"{job_id:012d}/")]


def workflow_id(store: Store, repository: int, path: str) -> int:
    """Return the number of a workflow file in a repository; each file keeps its own."""
    key = f"{repository:010d}/{path}"
    with store.transaction():
        found = store.get(WORKFLOW, key) or {"id": store.next_number("github-workflow", 160_001)}
        store.put(WORKFLOW, key, found)
    identifier: int = found["id"]
    return identifier


def listed(store: Store, repository: int) -> list[Document]:
    """Return the newest attempt of every run of a repository, newest run first."""
    newest: dict[int, Document] = {}
    for _, run in store.all(RUN, f"{repository:010d}/"):
        newest[run["id"]] = run
    return sorted(newest.values(), key=lambda run: run["id"], reverse=True)


def find_run(store: Store, repository: int, run_id: int, attempt: int | None = None) -> Document | None:
    """Return one attempt of a run (None: the newest), or None."""
    if attempt is not None:
        return store.get(RUN, f"{repository:010d}/{run_id:012d}/{attempt:04d}")
    every = store.all(RUN, f"{repository:010d}/{run_id:012d}/")
    return every[-1][1] if every else None


def jobs(store: Store, repository: int, run_id: int, attempt: int) -> list[Document]:
    """Return the jobs of one attempt, in order."""
    every = store.all(JOB, f"{repository:010d}/")
    return [job for _, job in every if job["run"] == run_id and job["attempt"] == attempt]


def find_job(store: Store, repository: int, job_id: int) -> Document:
    """Return a job. Raises NoSuchThing."""
    found = store.get(JOB, f"{repository:010d}/{job_id:012d}")
    if found is None:
        raise repositories.NoSuchThing(f"job {job_id}")
    return found


def _ending(completed_at: datetime | None, conclusion: str | None) -> Document:
    return {
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "completed_at": moments.text(completed_at) if completed_at else None,
    }


def _found(store: Store, owner: str, name: str, run_id: int) -> Document:
    found = find_run(store, repositories.repository(store, owner, name)["id"], run_id)
    if found is None:
        raise repositories.NoSuchThing(f"run {run_id} of {owner}/{name}")
    return found


def _save(store: Store, run: Document) -> None:
    store.put(RUN, f"{run['repository']:010d}/{run['id']:012d}/{run['attempt']:04d}", run)


def _save_job(store: Store, job: Document) -> None:
    store.put(JOB, f"{job['repository']:010d}/{job['id']:012d}", job)
