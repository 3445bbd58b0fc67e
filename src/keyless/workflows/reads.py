"""Every place in workflows and actions that names a secret in an expression, whatever for (S3 asks for all of them)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

import yaml

from keyless.model.workflow import MayRead, Place, SecretRead
from keyless.workflows.expressions import Access, Expression, accesses, embedded, parse, values
from keyless.workflows.library import Library
from keyless.workflows.scope import Scope, texts
from keyless.workflows.shape import Job, Workflow
from keyless.workflows.text import Text
from keyless.workflows.tree import get, offset_in, pairs, string
from keyless.workflows.walk import choices, matrix_values


def reads(library: Library) -> Iterator[SecretRead | MayRead]:
    """Yield each named read with its place, and what may read any secret.

    A named read is a `condition` where only a comparison or an `if:` looks at it. Any secret may be read by computed
    names, the whole context, and `secrets: inherit` to what is not here.
    """
    for flow in library.workflows.values():
        mentions = _Mentions(flow)
        if not mentions.secrets:
            continue
        for node, place_of, job in _nodes(flow, mentions):
            for start, expression, text, is_if in _expressions(node):
                flowing = set() if is_if else {v for v in values(expression) if isinstance(v, Access)}
                for access in accesses(expression):
                    names = _names(access, flow, job)
                    if names is None:
                        because = "the secret's name is computed" if access.keys else "it hands over every secret"
                        yield MayRead(text, place_of(start), because)
                    for name in names or ():
                        yield SecretRead(name.upper(), place_of(start), text, condition=access not in flowing)
        for job in flow.jobs.values():
            yield from _inherited(library, flow, job)


def _inherited(library: Library, flow: Workflow, job: Job) -> Iterator[MayRead]:
    node = get(job.node, "secrets")
    if job.uses is None or node is None or string(node) != "inherit":
        return
    because = "its text is not here"
    if job.uses.local and job.uses.name in library.workflows:
        if job.uses.ref in _same(library):
            return
        because = f"its text at {job.uses.ref} may not be the one here"
    place = flow.text.place(node.start_mark.index, job.id)
    yield MayRead("secrets: inherit", place, f"{job.uses.name} gets every secret and {because}")


def _same(library: Library) -> tuple[str, ...]:
    """Return the refs at which the text is the one that was given: none at all, and the branch that is looked at."""
    branch = library.here.branch if library.here is not None else None
    return ("",) if branch is None else ("", branch, f"refs/heads/{branch}")


def _names(access: Access, flow: Workflow, job: Job | None) -> tuple[str, ...] | None:
    """Return the secrets that an access names, () when it is none, None when the name is computed."""
    if access.context != "secrets":
        return ()
    if not access.keys:
        return None
    matrix = matrix_values(job.matrix) if job is not None else {}
    names = texts(access.keys[0], Scope(matrix=matrix, choices=choices(flow)))
    return None if names is None or names == ("*",) else tuple(filter(None, names))


class _Mentions:
    """Where a workflow's text may name a secret: by the word, by an alias, or by an escape that could spell it."""

    def __init__(self, flow: Workflow) -> None:
        text = flow.text.text
        lower = text.lower()
        self.secrets = "secrets" in lower or "\\" in lower
        """Whether an alias is not all: what it stands for is named elsewhere."""
        pattern, searched = (_MENTION, lower) if len(lower) == len(text) else (_IN_ANY_CASE, text)
        self.at = [match.start() for match in pattern.finditer(searched)] if self.secrets else []

    def within(self, node: yaml.Node) -> bool:
        """Whether one of them stands in the node's own text."""
        first = bisect_left(self.at, node.start_mark.index)
        return first < len(self.at) and self.at[first] < node.end_mark.index


_MENTION = re.compile(r"secrets|\*|\\")
_IN_ANY_CASE = re.compile(_MENTION.pattern, re.IGNORECASE)


class _PlaceOf:
    """Turns an expression's text in a node into a place; equal texts in one node are told apart by their order."""

    def __init__(self, text: Text, node: yaml.ScalarNode, job: str | None, step: int | None) -> None:
        self.text, self.node, self.job, self.step = text, node, job, step

    def __call__(self, offset: int) -> Place:
        return self.text.place(offset_in(self.text, self.node, offset), self.job, self.step)


def _nodes(flow: Workflow, mentions: _Mentions) -> Iterator[tuple[yaml.ScalarNode, _PlaceOf, Job | None]]:
    """Yield every scalar value of a workflow that may name a secret, with the job and step that it stands in."""
    for key, value in pairs(flow.root):
        if key.value != "jobs":
            yield from ((n, _PlaceOf(flow.text, n, None, None), None) for n in _values(value, mentions))
    for job in flow.jobs.values():
        if not mentions.within(job.node):
            continue
        steps = {id(step.node): step.index for step in job.steps}
        for key, value in pairs(job.node):
            if key.value != "steps" or not isinstance(value, yaml.SequenceNode):
                yield from ((n, _PlaceOf(flow.text, n, job.id, None), job) for n in _marked(key, value, mentions))
                continue
            for item in value.value:
                index = steps.get(id(item))
                for inner_key, inner in pairs(item) if mentions.within(item) else ():
                    marked = _marked(inner_key, inner, mentions)
                    yield from ((n, _PlaceOf(flow.text, n, job.id, index), job) for n in marked)


def _marked(key: yaml.ScalarNode, value: yaml.Node, mentions: _Mentions) -> Iterator[yaml.ScalarNode]:
    if key.value == "if" and isinstance(value, yaml.ScalarNode) and "${{" not in value.value:
        yield _Condition(value)
    else:
        yield from _values(value, mentions)


class _Condition(yaml.ScalarNode):
    """The scalar of an `if:`, whose text is an expression without `${{ }}`."""

    def __init__(self, node: yaml.ScalarNode) -> None:
        super().__init__(node.tag, node.value, node.start_mark, node.end_mark, node.style)


def _values(node: yaml.Node, mentions: _Mentions) -> Iterator[yaml.ScalarNode]:
    if not mentions.within(node):
        return
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _values(item, mentions)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _values(value, mentions)


def _expressions(node: yaml.ScalarNode) -> Iterator[tuple[int, Expression, str, bool]]:
    if isinstance(node, _Condition):
        if "secrets" in node.value.lower() and (expression := parse(node.value)) is not None:
            yield 0, expression, str(node.value), True
        return
    for part in embedded(str(node.value)):
        if part.expression is not None and "secrets" in part.text.lower():
            yield part.start, part.expression, part.text, False
