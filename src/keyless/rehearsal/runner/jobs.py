"""One job, from its first step to its last: conditions, environment, permissions, matrix, what a failure means."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from keyless.model.codec import Json
from keyless.rehearsal.github import state
from keyless.rehearsal.issuer import Issuer
from keyless.rehearsal.runner import actions, composite, scripts, template
from keyless.rehearsal.runner.job import FAILURE, RunFacts, RunningJob, StepFailed, StepResult
from keyless.rehearsal.runner.own import own_path
from keyless.rehearsal.runner.values import ExpressionError, as_text, is_true
from keyless.rehearsal.runner.workflow import InvalidWorkflow, Job, Step, Workflow

STEP_TAKES = 1
"""Seconds of the rehearsal's time. GitHub shows whole seconds, and an upload has to lie inside its step's."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a workflow's text runs: in a run of its own, or called by a job of another workflow."""

    workflow: Workflow
    inputs: Mapping[str, Json]
    secrets: Mapping[str, str] | None
    """None: the repository's own, per environment; else exactly what the calling job handed over."""
    id_token: bool | None = None
    """What the calling job allows; None for a workflow that nobody calls."""
    prefix: str = ""


@dataclass(slots=True)
class JobOutcome:
    """How one job of a matrix ended."""

    name: str
    conclusion: str
    outputs: dict[str, Json] = field(default_factory=dict)


def may_write_id_token(workflow: Workflow, job: Job, called: bool | None) -> bool:
    """Say whether a job may ask for an identity token. A job's permissions replace the workflow's; none means no."""
    granted = job.permissions if job.permissions is not None else workflow.permissions
    if called is not None and granted is None:
        return called
    allowed = granted == "write-all" or (isinstance(granted, dict) and granted.get("id-token") == "write")
    return allowed and called is not False


def matrix_of(job: Job, scope: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Return the combinations of a job's matrix; one empty one where it has none."""
    declared = template.value(job.matrix, scope)
    if not isinstance(declared, dict):
        return [{}]
    axes = {name: values for name, values in declared.items() if name not in ("include", "exclude")}
    lists = [values if isinstance(values, list) else [values] for values in axes.values()]
    found = [dict(zip(axes, combination, strict=True)) for combination in itertools.product(*lists)] if axes else []
    excluded = [one for one in _list(declared.get("exclude")) if isinstance(one, dict)]
    found = [one for one in found if not any(_fits(one, rule) for rule in excluded)]
    for extra in _list(declared.get("include")):
        if isinstance(extra, dict):
            _include(found, extra, set(axes))
    return found or [{}]


def _include(found: list[dict[str, Json]], extra: dict[str, Json], axes: set[str]) -> None:
    on_axes = {name: value for name, value in extra.items() if name in axes}
    matching = [one for one in found if _fits(one, on_axes)] if found else []
    for one in matching:
        one.update(extra)
    if not matching:
        found.append(dict(extra))


def _fits(combination: Mapping[str, Json], rule: Mapping[str, Json]) -> bool:
    return all(combination.get(name) == value for name, value in rule.items())


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


async def run_job(
    run: RunFacts, caller: Caller, job: Job, scope: Mapping[str, Json], combination: dict[str, Json]
) -> JobOutcome:
    """Run one combination of a job and record it; return how it ended."""
    scope = {**scope, "matrix": combination, "strategy": {"fail-fast": True}}
    name = _name(caller, job, scope, combination)
    running = _start(run, caller, job, scope)
    try:
        running.env |= _texts(caller.workflow.env, running.contexts(running.env))
        running.env |= _texts(job.env, running.contexts(running.env))
        for step in job.steps:
            await _run_step(running, step, step.directory or job.directory or caller.workflow.directory or "")
        outputs = template.value(dict(job.outputs), running.contexts(running.env))
    except (ExpressionError, InvalidWorkflow) as error:
        running.say(FAILURE, "", f"The workflow is not valid: {error}")
        running.status, outputs = "failure", {}
    finally:
        if running.request_token is not None:
            Issuer(run.services.store).revoke(running.request_token)
    _record(running, name)
    return JobOutcome(name, running.status, outputs if isinstance(outputs, dict) else {})


def _start(run: RunFacts, caller: Caller, job: Job, scope: Mapping[str, Json]) -> RunningJob:
    store = run.services.store
    environment = _environment(job, scope)
    if environment is not None:
        state.create_environment(store, run.owner, run.name, environment)
    secrets = _secrets(run, caller, environment)
    runs_on = as_text(template.value(job.runs_on, scope)) if not isinstance(job.runs_on, (list, dict)) else "linux"
    return RunningJob(
        run=run,
        id_token=may_write_id_token(caller.workflow, job, caller.id_token),
        environment=environment,
        system=_system(runs_on),
        in_container=job.container is not None,
        workflow_path=caller.workflow.path,
        scope={**scope, "secrets": secrets},
        env={"GITHUB_ENV": "GITHUB_ENV", "GITHUB_OUTPUT": "GITHUB_OUTPUT", "GITHUB_ACTIONS": "true", **_defaults(run)},
    )


def _secrets(run: RunFacts, caller: Caller, environment: str | None) -> dict[str, Json]:
    """Return what a job sees: all of the repository's, or what was handed over and its own environment's."""
    store = run.services.store
    seen = state.secret_values(store, run.owner, run.name, environment)
    if caller.secrets is None:
        return {**seen, "GITHUB_TOKEN": ""}
    own = state.secret_names(store, "environment", run.owner, run.name, environment) if environment else ()
    return {**caller.secrets, **{name: seen[name] for name in own}, "GITHUB_TOKEN": ""}


def _defaults(run: RunFacts) -> dict[str, str]:
    names = ("repository", "ref", "ref_name", "ref_type", "sha", "event_name", "actor", "run_id", "repository_owner")
    github = run.github()
    return {f"GITHUB_{name.upper()}": as_text(github[name]) for name in names}


def _environment(job: Job, scope: Mapping[str, Json]) -> str | None:
    declared = template.value(job.environment, scope)
    name = declared.get("name") if isinstance(declared, dict) else declared
    return as_text(name) or None


def _system(runs_on: str) -> str:
    lowered = runs_on.lower()
    if "windows" in lowered:
        return "Windows"
    return "macOS" if "mac" in lowered else "Linux"


def _name(caller: Caller, job: Job, scope: Mapping[str, Json], combination: Mapping[str, Json]) -> str:
    if job.name:
        return caller.prefix + template.text(job.name, scope)
    values = ", ".join(as_text(value) for value in combination.values())
    return f"{caller.prefix}{job.id} ({values})" if values else f"{caller.prefix}{job.id}"


async def _run_step(job: RunningJob, step: Step, directory: str) -> None:
    store = job.run.services.store
    started = store.now()
    env = dict(job.env)
    conclusion = "success"
    outputs: Mapping[str, str] = {}
    try:
        env |= _texts(step.env, job.contexts(env))
        title = template.text(step.title, job.contexts(env))
        if not template.holds(step.condition, job.conditions(env)):
            conclusion = "skipped"
        else:
            outputs = await perform(job, step, env, directory)
    except (StepFailed, ExpressionError, InvalidWorkflow) as error:
        title = step.title
        conclusion = "failure"
        job.say(FAILURE, "", str(error))
    if conclusion != "skipped":
        store.advance(STEP_TAKES)
    carried_on = conclusion == "failure" and is_true(template.value(step.carry_on, job.contexts(env)))
    if conclusion == "failure" and not carried_on:
        job.status = "failure"
    if step.id:
        shown = "success" if carried_on else conclusion
        job.outputs[step.id] = {"outputs": dict(outputs), "outcome": conclusion, "conclusion": shown}
    shown = "success" if carried_on else conclusion
    job.results.append(StepResult(title, shown, started, store.now()))


async def perform(job: RunningJob, step: Step, env: dict[str, str], directory: str) -> Mapping[str, str]:
    """Do what a step says; return its outputs. Raises StepFailed, and ExpressionError for what cannot be evaluated."""
    contexts = job.contexts(env)
    if step.uses is None:
        script = template.text(step.run or "", contexts)
        where = template.text(directory, contexts).removeprefix("./").strip("/")
        return await scripts.run_script(job, script, env, "" if where == "." else where)
    given = _texts(step.given, contexts)
    if own_path(step.uses, job.run.repository) is not None:
        return await composite.use(job, step.uses, given, env, perform)
    return await actions.use(job, step.uses, given, env)


def _texts(values: Mapping[str, Json], scope: Mapping[str, Json]) -> dict[str, str]:
    return {name: as_text(template.value(value, scope)) for name, value in values.items()}


def _record(job: RunningJob, name: str) -> None:
    store, owner, repository = job.run.services.store, job.run.owner, job.run.name
    with store.transaction():
        begun = job.results[0].started_at if job.results else store.now()
        identifier = state.add_job(store, owner, repository, job.run.run_id, job=name, started_at=begun)
        for result in job.results:
            state.add_step(
                store,
                owner,
                repository,
                identifier,
                step=result.name,
                conclusion=result.conclusion,
                started_at=result.started_at,
                completed_at=result.completed_at,
            )
        for said in job.annotations:
            state.add_annotation(
                store, owner, repository, identifier, level=said.level, title=said.title, message=said.message
            )
        state.finish_job(store, owner, repository, identifier, job.status)
