"""Composite actions that live in the repository itself; `./…` is looked for in what was checked out."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable, Mapping

from keyless.model.codec import Json
from keyless.rehearsal.runner import template
from keyless.rehearsal.runner.job import FAILURE, RunningJob, StepFailed
from keyless.rehearsal.runner.own import own_path
from keyless.rehearsal.runner.values import as_text
from keyless.rehearsal.runner.workflow import Step, document_of, step_of

Perform = Callable[[RunningJob, Step, dict[str, str], str], Awaitable[Mapping[str, str]]]


async def use(
    job: RunningJob, uses: str, given: Mapping[str, str], env: dict[str, str], perform: Perform
) -> Mapping[str, str]:
    """Run the composite action in this folder of the repository. Raises StepFailed where there is none.

    Inside there is no `secrets`, and naming it is an error: a composite action sees only what its inputs hand it.
    """
    action = _read(job, uses)
    declared = action.get("inputs")
    inputs: dict[str, Json] = {}
    for name, body in (declared if isinstance(declared, dict) else {}).items():
        default = body.get("default") if isinstance(body, dict) else None
        inputs[name] = given.get(name, as_text(template.value(default, job.contexts(env))))
    runs = action.get("runs")
    steps = runs.get("steps") if isinstance(runs, dict) else None
    if not isinstance(steps, list):
        return {}
    outer, outer_steps = job.scope, job.outputs
    job.scope = {name: value for name, value in outer.items() if name != "secrets"} | {"inputs": inputs}
    job.outputs = {}
    try:
        for body in steps:
            if isinstance(body, dict):
                await _step(job, step_of(body), env, perform)
        return _outputs(action, job, env)
    finally:
        job.scope, job.outputs = outer, outer_steps


async def _step(job: RunningJob, step: Step, env: dict[str, str], perform: Perform) -> None:
    own = dict(env)
    own |= {name: as_text(template.value(value, job.contexts(own))) for name, value in step.env.items()}
    if template.holds(step.condition, job.conditions(own)):
        outputs = await perform(job, step, own, step.directory or "")
        if step.id:
            job.outputs[step.id] = {"outputs": dict(outputs), "outcome": "success", "conclusion": "success"}


def _outputs(action: Mapping[str, Json], job: RunningJob, env: dict[str, str]) -> dict[str, str]:
    declared = action.get("outputs")
    return {
        name: as_text(template.value(body.get("value"), job.contexts(env)))
        for name, body in (declared if isinstance(declared, dict) else {}).items()
        if isinstance(body, dict)
    }


def _read(job: RunningJob, uses: str) -> dict[str, Json]:
    folder = own_path(uses, job.run.repository) or "."
    files = job.workspace if uses.startswith("./") else job.run.files
    for name in ("action.yml", "action.yaml"):
        content = files.get(posixpath.normpath(f"{folder}/{name}"))
        if content is not None:
            document = document_of(content)
            if isinstance(document, dict):
                return document
    job.say(FAILURE, "", f"Can't find 'action.yml' or 'action.yaml' under '{folder}'. Did you forget to run checkout?")
    raise StepFailed
