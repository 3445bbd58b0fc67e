"""A workflow file as the runner reads it: triggers, jobs, steps. What it does not understand it says, like GitHub."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from keyless.model.codec import Json

LARGEST = 512 * 1024
"""Bytes; GitHub refuses larger files too, and aliases cannot swell a file past MOST_NODES."""
MOST_NODES = 50_000
DEEPEST = 50


class InvalidWorkflow(ValueError):
    """The file is no workflow. GitHub shows it as a failed run without jobs."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job, its expressions not yet evaluated."""

    id: str | None
    name: str | None
    condition: Json
    uses: str | None
    run: str | None
    given: dict[str, Json]
    env: dict[str, Json]
    directory: str | None
    carry_on: Json

    @property
    def title(self) -> str:
        """Its name as GitHub shows it when it has none of its own."""
        return self.name or f"Run {self.uses or (self.run or '').strip().partition(chr(10))[0]}"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `permissions` is None when it has none of its own: then the workflow's hold."""

    id: str
    name: str | None
    needs: tuple[str, ...]
    condition: Json
    permissions: Json
    environment: Json
    matrix: Json
    env: dict[str, Json]
    runs_on: Json
    container: Json
    outputs: dict[str, Json]
    directory: str | None
    uses: str | None
    given: dict[str, Json]
    secrets: Json
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A parsed file. `triggers` maps an event to its filters."""

    path: str
    name: str
    triggers: dict[str, Json]
    permissions: Json
    env: dict[str, Json]
    directory: str | None
    jobs: tuple[Job, ...] = field(default=())


class _Loader(yaml.SafeLoader):
    """YAML as GitHub reads it: `on` is a word, and so are `yes`, `no` and dates."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith((":bool", ":timestamp"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")


def read(path: str, content: bytes) -> Workflow:
    """Return the workflow in `content`. Raises InvalidWorkflow."""
    document = _mapping(document_of(content), "the file")
    triggers = _triggers(document.get("on"))
    jobs = _mapping(document.get("jobs"), "jobs")
    if not triggers or not jobs:
        raise InvalidWorkflow("a workflow needs 'on' and at least one job")
    return Workflow(
        path=path,
        name=_text(document.get("name")) or path,
        triggers=triggers,
        permissions=document.get("permissions"),
        env=_optional(document.get("env"), "env"),
        directory=_default_directory(document),
        jobs=tuple(_job(name, _mapping(body, f"job '{name}'")) for name, body in jobs.items()),
    )


def document_of(content: bytes) -> Json:
    """Return a YAML file as JSON values, within bounds. Raises InvalidWorkflow."""
    if len(content) > LARGEST:
        raise InvalidWorkflow("the file is too large")
    try:
        value = yaml.load(content, _Loader)  # noqa: S506  # a safe loader with fewer guesses
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidWorkflow(f"the file is not YAML: {type(error).__name__}") from error
    return _plain(value, [MOST_NODES])


def _plain(value: object, left: list[int], depth: int = 0) -> Json:
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST:
        raise InvalidWorkflow("the file holds too much")
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [_plain(item, left, depth + 1) for item in value]
        case dict():
            return {str(key): _plain(item, left, depth + 1) for key, item in value.items()}
        case _:
            return str(value)


def _triggers(on: Json) -> dict[str, Json]:
    match on:
        case str():
            return {on: None}
        case list():
            return {_text(item): None for item in on}
        case dict():
            return on
        case _:
            return {}


def _job(name: str, body: dict[str, Json]) -> Job:
    steps = body.get("steps") or []
    if not isinstance(steps, list):
        raise InvalidWorkflow(f"the steps of job '{name}' are no list")
    if "uses" not in body and ("runs-on" not in body or not steps):
        raise InvalidWorkflow(f"job '{name}' needs 'runs-on' and steps, or 'uses'")
    strategy = _optional(body.get("strategy"), "strategy")
    return Job(
        id=name,
        name=_text(body.get("name")) or None,
        needs=_words(body.get("needs")),
        condition=body.get("if"),
        permissions=body.get("permissions"),
        environment=body.get("environment"),
        matrix=strategy.get("matrix"),
        env=_optional(body.get("env"), "env"),
        runs_on=body.get("runs-on"),
        container=body.get("container"),
        outputs=_optional(body.get("outputs"), "outputs"),
        directory=_default_directory(body),
        uses=_text(body.get("uses")) or None,
        given=_optional(body.get("with"), "with"),
        secrets=body.get("secrets"),
        steps=tuple(step_of(_mapping(step, "a step")) for step in steps),
    )


def step_of(body: dict[str, Json]) -> Step:
    """Return one step of a job or of a composite action. Raises InvalidWorkflow when it does nothing."""
    uses, run = body.get("uses"), body.get("run")
    if uses is None and run is None:
        raise InvalidWorkflow("a step needs 'uses' or 'run'")
    return Step(
        id=_text(body.get("id")) or None,
        name=_text(body.get("name")) or None,
        condition=body.get("if"),
        uses=None if uses is None else _text(uses),
        run=None if run is None else _text(run),
        given=_optional(body.get("with"), "with"),
        env=_optional(body.get("env"), "env"),
        directory=_text(body.get("working-directory")) or None,
        carry_on=body.get("continue-on-error", False),
    )


def _default_directory(body: dict[str, Json]) -> str | None:
    run = _optional(_optional(body.get("defaults"), "defaults").get("run"), "run")
    return _text(run.get("working-directory")) or None


def _mapping(value: Json, what: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise InvalidWorkflow(f"{what} is no mapping")
    return value


def _optional(value: Json, what: str) -> dict[str, Json]:
    return {} if value is None else _mapping(value, what)


def _words(value: Json) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_text(item) for item in value)
    return () if value is None else (_text(value),)


def _text(value: Json) -> str:
    return "" if value is None else str(value)
