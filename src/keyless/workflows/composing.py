"""A text's YAML nodes with their marks, never objects: PyYAML's C parser composes, nothing is constructed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import sub

import yaml
from yaml._yaml import CParser

from keyless.model.workflow import FileProblem
from keyless.workflows.text import Text
from keyless.workflows.tree import children, repeated_key

MOST_NODES = 100_000
DEEPEST = 60
DEEPEST_FLOW = 500
_BRACKET = re.compile(r"[\[\]{}]")


SHORT = 400
"""Characters. What nests deeper has a longer line: so many dashes, or so much indentation."""
_DEEP = re.compile(r"^(?:[ \t]*[-?][ \t]){200}|^[ \t]{2000}[-?\w]", re.MULTILINE)
_UNBOUNDED = "its aliases or its nesting expand without bound"


@dataclass(frozen=True, slots=True)
class Composed:
    """A text's root node. `repeated` is a key that some mapping has twice, with its offset: GitHub refuses the file."""

    root: yaml.Node
    repeated: tuple[str, int] | None


def compose(text: Text) -> Composed | FileProblem:
    """Return the nodes, or why there are none: not YAML, several documents, empty, an alias bomb or a cycle."""
    if _deep(text) or _flow_depth(text.text) > DEEPEST_FLOW:
        return FileProblem(text.path, _UNBOUNDED)
    try:
        root = _Composer(text.text).get_single_node()
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        return FileProblem(text.path, f"it is not valid YAML: {error.problem or error.context or 'unreadable'}{line}")
    except yaml.YAMLError as error:
        return FileProblem(text.path, f"it is not valid YAML: {str(error).splitlines()[0]}")
    except (RecursionError, ValueError):
        return FileProblem(text.path, "it is not valid YAML: nested too deeply")
    if root is None:
        return FileProblem(text.path, "it is empty")
    return _looked_through(root) or FileProblem(text.path, _UNBOUNDED)


class _Composer(CParser):
    """The C parser with PyYAML's own tags of plain scalars; it asks for them by these three names."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """Return a node's tag, as PyYAML's resolver does for YAML 1.1 without paths."""
        if kind is not yaml.ScalarNode:
            return _MAPPING if kind is yaml.MappingNode else _SEQUENCE
        if implicit[0]:
            for tag, pattern in _TAGS.get(value[:1], ()):
                if pattern.match(value):
                    return tag
        return STRING

    def descend_resolver(self, node: yaml.Node, index: object) -> None:
        """Nothing: tags do not depend on paths."""

    def ascend_resolver(self) -> None:
        """Nothing, likewise."""


STRING = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"
_TAGS: Mapping[str, Sequence[tuple[str, re.Pattern[str]]]] = yaml.CSafeLoader.yaml_implicit_resolvers
"""By first character: what a plain scalar that is no string may be."""


def _deep(text: Text) -> bool:
    """Whether blocks nest as only an attack's do: the C composer calls itself for each level, on the C stack."""
    longest = max(map(sub, (*text.starts[1:], len(text.text)), text.starts))
    return longest > SHORT and _DEEP.search(text.text) is not None


def _flow_depth(text: str) -> int:
    """Return how deep brackets and braces nest at most, without regard to quotes (so rather too deep than not)."""
    if text.count("{") + text.count("[") <= DEEPEST_FLOW:
        return 0
    depth = deepest = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match[0] in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def _looked_through(root: yaml.Node) -> Composed | None:
    """Return the nodes with a key that repeats, or None where they are too many or too deep, aliases followed."""
    count, repeated = 1, None
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        if not isinstance(node, yaml.CollectionNode) or not node.value:
            continue
        below = list(children(node))
        count += len(below)
        if count > MOST_NODES or depth >= DEEPEST:
            return None
        if repeated is None and isinstance(node, yaml.MappingNode):
            repeated = repeated_key(below[::2])
        stack.extend([(child, depth + 1) for child in below if not isinstance(child, yaml.ScalarNode)])
    return Composed(root, repeated)
