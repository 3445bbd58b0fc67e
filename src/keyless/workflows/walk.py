"""Every step of every workflow, with what it sees: env layers, inputs and secrets of its callers, outputs before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import yaml

from keyless.model.workflow import Place
from keyless.workflows.library import Library
from keyless.workflows.scope import Binding, Scope, static
from keyless.workflows.scripts import PYTHON, Ran, expand, names_files, python_commands
from keyless.workflows.shape import Action, Job, Pair, Step, Workflow, mapping
from keyless.workflows.shell import commands
from keyless.workflows.text import Text
from keyless.workflows.tools import may_upload
from keyless.workflows.tools.base import StepView
from keyless.workflows.tree import get, offset_in, pairs, string, strings
from keyless.workflows.writes import Writes, exported, leaves, written

DEEPEST = 6
_RELEVANT = ("secret", "pypi", "twine", "publish", "maturin", "setup.py", "id-token")
"""What a workflow must say somewhere to read a secret, to upload or to ask for an ID token; the rest is not walked."""


_Callers: TypeAlias = "dict[str, list[tuple[Workflow, Job]]]"


@dataclass(frozen=True, slots=True)
class Visit:
    """One step of one job, as it runs. `through` is the local composite action that it stands in, if any.

    `step` is always the workflow's own step (the caller's, for a composite action), `view` what really runs.
    `caller` is the local job that calls this workflow, if the workflow is seen through it.
    """

    workflow: Workflow
    job: Job
    step: Step
    view: StepView
    through: Action | None = None
    inner: Step | None = None
    caller: tuple[Workflow, Job] | None = None
    wanted: tuple[str, ...] = ()


@dataclass(slots=True)
class _Trail:
    """What the steps of a job have left so far."""

    env: dict[str, Binding] = field(default_factory=dict)
    outputs: dict[tuple[str, str], Binding] = field(default_factory=dict)


def visits(library: Library) -> tuple[Visit, ...]:
    """Return every step of every workflow, once for each way in which it is reached."""
    return tuple(_visits(library))


def _visits(library: Library) -> Iterator[Visit]:
    """Yield every step of every workflow, once for each way in which it is reached."""
    called = _callers(library)
    for flow in library.workflows.values():
        if _relevant(flow) or any(_relevant(caller) for caller, _ in called.get(flow.path, [])):
            for scope, caller in _ways(called, flow):
                yield from _workflow(library, flow, scope, caller)


def _relevant(flow: Workflow) -> bool:
    lower = flow.text.text.lower().replace("secrets.github_token", "")  # no index takes that one
    return any(word in lower for word in _RELEVANT)


def _ways(
    called: _Callers, flow: Workflow, through: tuple[str, ...] = ()
) -> Iterator[tuple[Scope, tuple[Workflow, Job] | None]]:
    """Yield what a workflow sees in each way in which it is reached: by its own events, and by each of its callers."""
    callers = called.get(flow.path, []) if flow.path not in through and len(through) < DEEPEST else []
    if not callers or not flow.only_called:
        env = _bindings(flow.text, flow.env, "workflow", Scope())
        yield Scope(env=env, formal=flow.only_called, choices=choices(flow)), None
    for caller, job in callers:
        for outer, _ in _ways(called, caller, (*through, flow.path)):
            yield _called_scope(flow, caller, job, outer), (caller, job)


def _callers(library: Library) -> _Callers:
    """Return the jobs that call a local workflow, by that workflow's path."""
    found: _Callers = {}
    for flow in library.workflows.values():
        for job in flow.jobs.values():
            uses = job.uses
            if uses is not None and uses.local:
                found.setdefault(uses.name, []).append((flow, job))
    return found


def job_scope_of(flow: Workflow, job: Job) -> Scope:
    """Return what a job sees before its first step, without the outputs of other jobs."""
    return _job_scope(flow, job, Scope(env=_bindings(flow.text, flow.env, "workflow", Scope())))


def _called_scope(flow: Workflow, caller: Workflow, job: Job, around: Scope) -> Scope:
    """Return what a called workflow sees; `around` is what its caller sees."""
    outer = _job_scope(caller, job, around)
    given = _bindings(caller.text, mapping(get(job.node, "with"), (*job.path, "with")), "job", outer, job.id)
    defaults = _defaults(flow, get(flow.root, "on", "workflow_call", "inputs"))
    inherits = string(get(job.node, "secrets")) == "inherit"
    handed = _bindings(caller.text, mapping(get(job.node, "secrets"), (*job.path, "secrets")), "job", outer, job.id)
    return Scope(
        env=_bindings(flow.text, flow.env, "workflow", Scope()),
        inputs={**defaults, **{name.lower(): binding for name, binding in given.items()}},
        secrets=around.secrets if inherits else {name.upper(): binding for name, binding in handed.items()},
    )


def choices(flow: Workflow) -> dict[str, tuple[str, ...]]:
    """Return the options of the inputs of `workflow_dispatch`; a run by another event has the empty text instead."""
    without = ("",) if flow.triggers != {"workflow_dispatch"} else ()
    declared = pairs(get(flow.root, "on", "workflow_dispatch", "inputs"))
    found = {str(key.value).lower(): strings(get(value, "options")) for key, value in declared}
    return {name: options + without for name, options in found.items() if options}


def _defaults(flow: Workflow, declared: yaml.Node | None) -> dict[str, Binding]:
    found: dict[str, Binding] = {}
    for key, value in pairs(declared):
        default = get(value, "default")
        if default is not None:
            found[str(key.value).lower()] = _binding(flow.text, Pair(key, default, ()), "workflow", Scope())
    return found


def _workflow(library: Library, flow: Workflow, scope: Scope, caller: tuple[Workflow, Job] | None) -> Iterator[Visit]:
    outputs: dict[tuple[str, str], Binding] = {}
    done: list[Visit] = []
    for job in _ordered(flow):
        trail = _Trail(outputs=dict(outputs))
        inner = _job_scope(flow, job, replace(scope, outputs=trail.outputs))
        for step in job.steps:
            if not _idle(step):
                done.extend(_step(library, flow, job, step, inner, trail, caller))
        end = inner.with_env(trail.env)
        for name, pair in mapping(get(job.node, "outputs"), (*job.path, "outputs")).items():
            outputs[f"needs.{job.id}", name] = _binding(flow.text, pair, "job", end, job.id)
    yield from sorted(done, key=lambda visit: list(flow.jobs).index(visit.job.id))


def _ordered(flow: Workflow) -> list[Job]:
    """Return the jobs, each after those that it needs as far as possible."""
    left, done = list(flow.jobs.values()), list[Job]()
    while left:
        names = {job.id for job in left}
        ready = [job for job in left if not names & (set(job.needs) - {job.id})] or left[:1]
        done.extend(ready)
        left = [job for job in left if job not in ready]
    return done


def _job_scope(flow: Workflow, job: Job, scope: Scope) -> Scope:
    scope = replace(scope, matrix=matrix_values(job.matrix))
    return scope.with_env(_bindings(flow.text, job.env, "job", scope, job.id))


def matrix_values(node: yaml.Node | None) -> dict[str, tuple[str, ...]]:
    """Return the values of each axis, those of `include` added; an axis that an expression makes is left out."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs(node):
        if key.value not in {"include", "exclude"} and isinstance(value, yaml.SequenceNode):
            found[str(key.value)] = strings(value)
    included = get(node, "include")
    for entry in included.value if isinstance(included, yaml.SequenceNode) else []:
        for key, value in pairs(entry):
            text = string(value)
            if text is not None:
                found[str(key.value)] = tuple(dict.fromkeys((*found.get(str(key.value), ()), text)))
    return found


def _step(
    library: Library,
    flow: Workflow,
    job: Job,
    step: Step,
    scope: Scope,
    trail: _Trail,
    caller: tuple[Workflow, Job] | None,
) -> list[Visit]:
    scope = scope.with_env(trail.env)
    place = flow.text.place(step.node.start_mark.index, job.id, step.index)
    view, wanted, left = _view(library, flow.text, job, step, scope, place)
    visit = Visit(flow, job, step, view, caller=caller, wanted=wanted)
    found = [visit]
    uses = step.uses
    if uses is not None and uses.local:
        local = library.action(uses.name)
        if local is None:
            folder = f"{uses.name}/" if uses.name else ""
            return [replace(visit, wanted=(f"{folder}action.yml", f"{folder}action.yaml"))]
        found += _composite(library, visit, local, trail, 0)
    _leave(step, left, trail)
    return found


def _idle(step: Step) -> bool:
    """Whether a step can neither upload nor run a file, and nothing is handed to it or left by it.

    That is most steps: GitHub's own actions, and scripts that build and test.
    """
    uses = step.uses
    if uses is not None:
        return not uses.local and uses.name.startswith("actions/")
    script = string(step.run) or ""
    own = "${{" in script or bool(step.env)
    return not (own or may_upload(script) or names_files(script) or leaves(script))


def _leave(step: Step, left: Writes, trail: _Trail) -> None:
    trail.env.update(left.env)
    if step.id:
        trail.outputs.update({(step.id, name): value for name, value in left.outputs.items()})


def _composite(library: Library, visit: Visit, local: Action, trail: _Trail, depth: int) -> list[Visit]:
    """Return the visits of a local action's steps; inputs are the caller's, or the action's defaults."""
    if depth > DEEPEST:
        return []
    inputs = {
        str(key.value).lower(): _binding(local.text, pair, "action", Scope())
        for key, _ in pairs(get(local.root, "inputs"))
        if (pair := local.default(str(key.value))) is not None
    }
    inputs |= visit.view.inputs
    inner_trail = _Trail(env=dict(trail.env))
    found: list[Visit] = []
    for step in local.steps:
        scope = replace(
            visit.view.scope,
            env={**visit.view.scope.env, **inner_trail.env},
            inputs=inputs,
            outputs=inner_trail.outputs,
            secrets={},
        )
        view, wanted, left = _view(library, local.text, visit.job, step, scope, visit.view.place)
        inner = replace(visit, view=view, through=local, inner=step, wanted=wanted)
        found.append(inner)
        if step.uses is not None and step.uses.local and (nested := library.action(step.uses.name)) is not None:
            found += _composite(library, inner, nested, inner_trail, depth + 1)
        _leave(step, left, inner_trail)
    trail.env.update(inner_trail.env)
    return found


def _view(
    library: Library, text: Text, job: Job, step: Step, scope: Scope, place: Place
) -> tuple[StepView, tuple[str, ...], Writes]:
    """Return a step as tools see it, the scripts that it runs and that were not given, and what it leaves."""
    level = "step"
    inner = scope.with_env(_bindings(text, step.env, level, scope, job.id, step.index))
    inputs = {
        name.lower(): binding
        for name, binding in _bindings(text, step.inputs, level, inner, job.id, step.index).items()
    }
    script = string(step.run) or ""
    if not script:
        return StepView(step.uses, inputs, inner, place), (), Writes()
    ran = _ran(library, step, job, script, inner)
    at = _places(text, step, place) if place.path == text.path else None
    view = StepView(step.uses, inputs, inner, place, script, at, ran.commands if ran is not None else None)
    wanted = ran.wanted if ran is not None else ()
    view = _knowing(view, exported(view))
    left = written(view)
    kept = {name: value for name, value in left.env.items() if " " in name}  # its own later commands read those files
    if kept:
        view = _knowing(view, kept)
        left = written(view)
    return view, wanted, left


def _ran(library: Library, step: Step, job: Job, script: str, scope: Scope) -> Ran | None:
    """Return what a script runs, None where that is no more than its own commands."""
    if (string(get(step.node, "shell")) or "").startswith("python"):
        own = tuple(replace(command, origin=PYTHON) for command in python_commands(script))
        return Ran(own, ())
    return expand(commands(script), library.other, _folder(step, job, scope)) if names_files(script) else None


def _knowing(view: StepView, more: Mapping[str, Binding]) -> StepView:
    return replace(view, scope=view.scope.with_env(more)) if more else view


def _places(text: Text, step: Step, place: Place) -> Callable[[int], Place] | None:
    node = step.run
    return None if node is None else lambda at: text.place(offset_in(text, node, at), place.job, place.step)


def _folder(step: Step, job: Job, scope: Scope) -> str:
    node = get(step.node, "working-directory") or get(job.node, "defaults", "run", "working-directory")
    text = string(node)
    if not text:
        return ""
    known = static(Binding(text, Place("", 1, 1), "step", scope))
    return known[0] if known else ""


def _bindings(
    text: Text, given: Mapping[str, Pair], level: str, scope: Scope, job: str | None = None, step: int | None = None
) -> dict[str, Binding]:
    return {name: _binding(text, pair, level, scope, job, step) for name, pair in given.items()}


def _binding(
    text: Text, pair: Pair, level: str, scope: Scope, job: str | None = None, step: int | None = None
) -> Binding:
    node, at = pair.value, pair.text.find("${{")
    start = offset_in(text, node, at) if at >= 0 and isinstance(node, yaml.ScalarNode) else node.start_mark.index
    place = text.place(start, job, step)
    return Binding(pair.text, place, level, scope, path=pair.path, name=str(pair.key.value))
