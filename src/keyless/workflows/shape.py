"""A workflow's or action's parts, read from its nodes: triggers, jobs, steps, permissions. What is odd is left out."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml

from keyless.workflows.text import Text
from keyless.workflows.tree import Path, get, pairs, string, strings


@dataclass(frozen=True, slots=True)
class Pair:
    """A key with its scalar value, as given in a `with:`, `env:`, `secrets:` or `outputs:` mapping."""

    key: yaml.ScalarNode
    value: yaml.Node
    path: Path

    @property
    def text(self) -> str:
        """The value as text; empty for what is no scalar."""
        return string(self.value) or ""


@dataclass(frozen=True, slots=True)
class ActionRef:
    """`owner/name[/path]@ref`, a local `./path` or `$/path`, or `docker://…`.

    `name` is lower-cased, since GitHub ignores its case; of a local one it is the path, as written. A local one that is
    called by the repository's own name has a `ref`, at which the file may be another.
    """

    name: str
    ref: str
    local: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `index` is its position among the nodes of `steps`."""

    index: int
    node: yaml.MappingNode
    path: Path
    here: str = ""
    """The repository's own name, lower-case, "" where it is not known."""

    @property
    def id(self) -> str | None:
        return string(get(self.node, "id"))

    @property
    def name(self) -> str:
        return string(get(self.node, "name")) or ""

    @property
    def uses(self) -> ActionRef | None:
        text = string(get(self.node, "uses"))
        return action_ref(text, self.here) if text else None

    @property
    def run(self) -> yaml.ScalarNode | None:
        node = get(self.node, "run")
        return node if isinstance(node, yaml.ScalarNode) else None

    @property
    def inputs(self) -> dict[str, Pair]:
        return mapping(get(self.node, "with"), (*self.path, "with"))

    @property
    def env(self) -> dict[str, Pair]:
        return mapping(get(self.node, "env"), (*self.path, "env"))


@dataclass(frozen=True, slots=True)
class Job:
    """One job: with steps, or calling a reusable workflow by `uses`."""

    id: str
    key: yaml.ScalarNode
    node: yaml.MappingNode
    path: Path
    steps: tuple[Step, ...]
    here: str = ""

    @property
    def uses(self) -> ActionRef | None:
        text = string(get(self.node, "uses"))
        return action_ref(text, self.here) if text else None

    @property
    def env(self) -> dict[str, Pair]:
        return mapping(get(self.node, "env"), (*self.path, "env"))

    @property
    def environment(self) -> str | None:
        node = get(self.node, "environment")
        name = get(node, "name") if isinstance(node, yaml.MappingNode) else node
        return string(name) or None

    @property
    def needs(self) -> tuple[str, ...]:
        return strings(get(self.node, "needs"))

    @property
    def runs_on(self) -> tuple[str, ...]:
        """The labels of the runner, as written; expressions stay."""
        node = get(self.node, "runs-on")
        if isinstance(node, yaml.MappingNode):
            return (*strings(get(node, "labels")), *strings(get(node, "group")))
        return strings(node)

    @property
    def matrix(self) -> yaml.Node | None:
        return get(self.node, "strategy", "matrix")


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow file. `triggers` are the events' names."""

    text: Text
    root: yaml.MappingNode
    triggers: frozenset[str]
    jobs: Mapping[str, Job]

    @property
    def path(self) -> str:
        return self.text.path

    @property
    def env(self) -> dict[str, Pair]:
        return mapping(get(self.root, "env"), ("env",))

    @property
    def called(self) -> bool:
        """Whether other workflows may call it."""
        return "workflow_call" in self.triggers

    @property
    def only_called(self) -> bool:
        """Whether it runs in no other way."""
        return self.triggers == {"workflow_call"}


@dataclass(frozen=True, slots=True)
class Action:
    """One local composite action. `steps` is empty for a JavaScript or Docker action (`using` says which)."""

    text: Text
    root: yaml.MappingNode
    using: str
    steps: tuple[Step, ...]

    @property
    def path(self) -> str:
        return self.text.path

    @property
    def folder(self) -> str:
        """The folder that `uses: ./folder` names."""
        return self.path.rpartition("/")[0]

    def default(self, name: str) -> Pair | None:
        """Return an input's default."""
        return mapping(get(self.root, "inputs", name), ("inputs", name)).get("default")


def workflow(text: Text, root: yaml.Node, here: str = "") -> Workflow | str:
    """Return a file's workflow, or why it is none. `here` is the repository's own name, lower-case."""
    if not isinstance(root, yaml.MappingNode):
        return "it is not a workflow: its top is no mapping"
    listed = get(root, "jobs")
    if not isinstance(listed, yaml.MappingNode):
        return "it is not a workflow: it has no jobs"
    jobs = {
        str(key.value): _job(key, value, here) for key, value in pairs(listed) if isinstance(value, yaml.MappingNode)
    }
    odd = next((str(key.value) for key, value in pairs(listed) if not isinstance(value, yaml.MappingNode)), None)
    if odd is not None:
        return f"it is not a workflow: job '{odd}' is no mapping"
    return Workflow(text, root, _triggers(get(root, "on") or get(root, "true")), jobs)


def _job(key: yaml.ScalarNode, node: yaml.MappingNode, here: str) -> Job:
    path: Path = ("jobs", str(key.value))
    return Job(str(key.value), key, node, path, steps(get(node, "steps"), (*path, "steps"), here), here)


def _triggers(node: yaml.Node | None) -> frozenset[str]:
    if isinstance(node, yaml.MappingNode):
        return frozenset(str(key.value) for key, _ in pairs(node))
    return frozenset(strings(node))


def action(text: Text, root: yaml.Node, here: str = "") -> Action | str:
    """Return a file's action, or why it is none."""
    runs = get(root, "runs")
    if not isinstance(root, yaml.MappingNode) or not isinstance(runs, yaml.MappingNode):
        return "it is not an action: it has no runs"
    return Action(text, root, string(get(runs, "using")) or "", steps(get(runs, "steps"), ("runs", "steps"), here))


def steps(node: yaml.Node | None, path: Path, here: str = "") -> tuple[Step, ...]:
    """Return the steps of a `steps:` sequence."""
    if not isinstance(node, yaml.SequenceNode):
        return ()
    return tuple(Step(n, s, (*path, n), here) for n, s in enumerate(node.value) if isinstance(s, yaml.MappingNode))


def mapping(node: yaml.Node | None, path: Path) -> dict[str, Pair]:
    """Return a mapping's pairs by key."""
    return {str(key.value): Pair(key, value, (*path, str(key.value))) for key, value in pairs(node)}


_LOCAL = re.compile(r"\.[/\\]|\$/|\.$")
"""`./` is a folder of the checkout, `$/` one of the repository at the running commit (GitHub's changelog, 2026-07-30)."""


@lru_cache(maxsize=4096)
def action_ref(text: str, here: str = "") -> ActionRef:
    """Return what a `uses:` names."""
    text = text.strip()
    if _LOCAL.match(text):
        path = posixpath.normpath(text.replace("\\", "/").removeprefix("$/"))
        return ActionRef("" if path == "." else path, "", local=True)
    name, _, ref = text.partition("@")
    if here and name.lower().startswith(f"{here}/"):
        return ActionRef(posixpath.normpath(name[len(here) + 1 :]), ref, local=True)
    return ActionRef(name.rstrip("/").lower(), ref, local=False)
