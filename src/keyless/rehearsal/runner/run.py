"""A whole run: which jobs, in which order, after which; and the runs that an event starts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from keyless.errors import UsageError
from keyless.model.codec import Json
from keyless.rehearsal.github import accounts, repositories, state
from keyless.rehearsal.runner import template, triggers
from keyless.rehearsal.runner.job import RunFacts, Services
from keyless.rehearsal.runner.jobs import Caller, JobOutcome, matrix_of, may_write_id_token, run_job
from keyless.rehearsal.runner.own import own_path
from keyless.rehearsal.runner.values import ExpressionError, as_text
from keyless.rehearsal.runner.workflow import InvalidWorkflow, Job, Workflow, read
from keyless.rehearsal.store import Document

WORKFLOWS = ".github/workflows/"
_PRERELEASE = re.compile(r"\d(?:[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview|dev))[-_.]?\d*$", re.IGNORECASE)


async def run_workflow(  # noqa: PLR0913  # an event has these parts
    services: Services,
    owner: str,
    name: str,
    *,
    path: str,
    event: str,
    ref: str,
    inputs: Mapping[str, Json] | None = None,
    actor: str,
    payload: Mapping[str, Json] | None = None,
) -> int:
    """Run the workflow file `path` as it stands at `ref`, for an event; return the run's id.

    `ref` is full ("refs/tags/v1.0", "refs/heads/main") or the short name of a tag or branch. `payload` adds to what
    `github.event` holds. A failed release is no exception: the run's conclusion says it. Raises UsageError when the
    repository has no such file or ref, or the file does not run on this event.
    """
    document = repositories.repository(services.store, owner, name)
    ref, sha = _resolve(services, document["owner"], document["name"], ref)
    files = state.tree(services.store, document["owner"], document["name"], sha)
    if path not in files:
        raise UsageError(f"{owner}/{name} has no file {path} at {ref}.")
    workflow = _read(path, files[path])
    if workflow and not triggers.starts(workflow, event, ref):
        raise UsageError(f"{path} of {owner}/{name} does not run on the event '{event}' at {ref}.")
    run_id = _record(services, document, workflow, path=path, event=event, ref=ref, sha=sha, actor=actor)
    run = RunFacts(
        services=services,
        run_id=run_id,
        owner=document["owner"],
        name=document["name"],
        repository_id=document["id"],
        owner_id=_owner_id(services, document["owner"]),
        private=bool(document["private"]),
        path=path,
        workflow_name=workflow.name if workflow else path,
        event=event,
        ref=ref,
        sha=sha,
        actor=actor,
        inputs=triggers.inputs_of(workflow, event, dict(inputs or {})) if workflow else {},
        payload=_payload(event, ref, dict(inputs or {}), dict(payload or {})),
        files=files,
    )
    state.finish_run(services.store, run.owner, run.name, run_id, await _conclude(run, workflow))
    return run_id


def _record(  # a run has these parts
    services: Services,
    document: Document,
    workflow: Workflow | None,
    *,
    path: str,
    event: str,
    ref: str,
    sha: str,
    actor: str,
) -> int:
    owner, name = document["owner"], document["name"]
    referenced = _referenced(workflow, f"{owner}/{name}", ref)
    return state.create_run(
        services.store, owner, name, path=path, event=event, ref=ref, sha=sha, actor=actor, referenced=referenced
    )


async def _conclude(run: RunFacts, workflow: Workflow | None) -> str:
    """Run all jobs; return the run's conclusion. A file that is no workflow has failed already."""
    if workflow is None:
        return "failure"
    outcomes = await _run_jobs(run, Caller(workflow, run.inputs, None))
    return _result([outcome for several in outcomes.values() for outcome in several])


async def trigger(  # an event has these parts
    services: Services,
    owner: str,
    name: str,
    *,
    event: str,
    ref: str,
    actor: str,
    activity: str | None = None,
    payload: Mapping[str, Json] | None = None,
) -> tuple[int, ...]:
    """Let an event happen: run every workflow at `ref` that it starts; return the runs' ids."""
    full, sha = _resolve(services, owner, name, ref)
    ids = []
    for path, content in sorted(state.tree(services.store, owner, name, sha).items()):
        if path.startswith(WORKFLOWS) and path.endswith((".yml", ".yaml")) and path.count("/") == 2:
            workflow = _read(path, content)
            if workflow and triggers.starts(workflow, event, full, activity):
                more = {"action": activity, **(payload or {})} if activity else payload
                ids.append(
                    await run_workflow(
                        services, owner, name, path=path, event=event, ref=full, actor=actor, payload=more
                    )
                )
    return tuple(ids)


async def _run_jobs(run: RunFacts, caller: Caller) -> dict[str, list[JobOutcome]]:
    done: dict[str, list[JobOutcome]] = {}
    waiting = list(caller.workflow.jobs)
    while waiting:
        ready = [job for job in waiting if all(need in done for need in job.needs)]
        if not ready:
            for job in waiting:
                done[job.id] = [_skip(run, caller, job, "failure")]
            break
        for job in ready:
            done[job.id] = await _run_job(run, caller, job, done)
            waiting.remove(job)
    return done


async def _run_job(run: RunFacts, caller: Caller, job: Job, done: Mapping[str, list[JobOutcome]]) -> list[JobOutcome]:
    needs: dict[str, Json] = {
        need: {"result": _result(done[need]), "outputs": {k: v for one in done[need] for k, v in one.outputs.items()}}
        for need in job.needs
    }
    before = [_result(done[need]) for need in _all_needs(caller.workflow, job)]
    status = "failure" if "failure" in before else "skipped" if "skipped" in before else "success"
    scope: dict[str, Json] = {
        "github": run.github(),
        "inputs": dict(caller.inputs),
        "vars": {},
        "needs": needs,
        "job": {"status": status},
    }
    try:
        if not template.holds(job.condition, scope):
            return [_skip(run, caller, job, "skipped")]
        combinations = matrix_of(job, scope)
    except ExpressionError:
        return [_skip(run, caller, job, "failure")]
    if job.uses is not None:
        return await _call(run, caller, job, scope)
    return [await run_job(run, caller, job, scope, combination) for combination in combinations]


async def _call(run: RunFacts, caller: Caller, job: Job, scope: dict[str, Json]) -> list[JobOutcome]:
    """Run a reusable workflow of the same repository. One of another repository is a no-op here."""
    path = own_path(job.uses or "", run.repository)
    called = _read(path, run.files[path]) if path is not None and path in run.files else None
    if path is None or called is None or caller.prefix.count("/") > 3:
        elsewhere = path is None and "/" in (job.uses or "")
        return [_skip(run, caller, job, "success" if elsewhere else "failure")]
    own = caller.secrets
    if own is None:
        own = state.secret_values(run.services.store, run.owner, run.name)
    secrets: Mapping[str, str] | None = caller.secrets
    if job.secrets != "inherit":
        given = template.value(job.secrets, {**scope, "secrets": dict(own)})
        secrets = {key: as_text(value) for key, value in given.items()} if isinstance(given, dict) else {}
    given = template.value(dict(job.given), {**scope, "secrets": dict(own)})
    inputs = triggers.inputs_of(called, "workflow_call", given if isinstance(given, dict) else {})
    allowed = may_write_id_token(caller.workflow, job, caller.id_token)
    inside = Caller(called, inputs, secrets, allowed, f"{caller.prefix}{job.name or job.id} / ")
    outcomes = await _run_jobs(run, inside)
    return [one for several in outcomes.values() for one in several]


def _skip(run: RunFacts, caller: Caller, job: Job, conclusion: str) -> JobOutcome:
    name = caller.prefix + (job.name or job.id)
    store = run.services.store
    now = store.now()
    state.add_job(
        store,
        run.owner,
        run.name,
        run.run_id,
        job=name,
        started_at=now,
        completed_at=now,
        conclusion=conclusion,
    )
    return JobOutcome(name, conclusion)


def _all_needs(workflow: Workflow, job: Job) -> set[str]:
    by_id = {one.id: one for one in workflow.jobs}
    found: set[str] = set()
    waiting = list(job.needs)
    while waiting:
        need = waiting.pop()
        if need not in found and need in by_id:
            found.add(need)
            waiting.extend(by_id[need].needs)
    return found


def _result(outcomes: list[JobOutcome]) -> str:
    conclusions = {one.conclusion for one in outcomes}
    if "failure" in conclusions:
        return "failure"
    return "success" if "success" in conclusions else "skipped"


def _read(path: str, content: bytes) -> Workflow | None:
    try:
        return read(path, content)
    except InvalidWorkflow:
        return None


def _resolve(services: Services, owner: str, name: str, ref: str) -> tuple[str, str]:
    document = repositories.repository(services.store, owner, name)
    candidates = [ref] if ref.startswith("refs/") else [f"refs/tags/{ref}", f"refs/heads/{ref}"]
    for full in candidates:
        sha = repositories.resolve(services.store, document, full)
        if sha:
            return full, sha
    raise UsageError(f"{owner}/{name} has no branch or tag {ref}.")


def _owner_id(services: Services, owner: str) -> int:
    found = accounts.account(services.store, owner)
    return int(found["id"]) if found else 0


def _referenced(workflow: Workflow | None, repository: str, ref: str) -> list[str]:
    used = [job.uses for job in workflow.jobs if job.uses] if workflow else []
    return [f"{repository}/{one[2:]}@{ref}" if one.startswith(("./", "$/")) else one for one in used]


def _payload(event: str, ref: str, inputs: dict[str, Json], given: dict[str, Json]) -> dict[str, Json]:
    """Return `github.event`: for a release, its tag and whether it is a prerelease, as the tag's name says."""
    body: dict[str, Json] = {"ref": ref}
    if event == "release":
        tag = ref.removeprefix("refs/tags/")
        prerelease = bool(_PRERELEASE.search(tag))
        body = {
            "action": "published",
            "release": {"tag_name": tag, "name": tag, "prerelease": prerelease, "draft": False},
        }
    if event == "workflow_dispatch":
        body["inputs"] = dict(inputs)
    return {**body, **given}
