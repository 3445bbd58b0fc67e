"""What is asked of YAML nodes: a value by its path, texts, a tree without marks, keys that repeat, where a text stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import yaml

from keyless.workflows.text import Text

Path: TypeAlias = "tuple[str | int, ...]"
"""The way from a file's root to a node: keys and indexes."""

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"
"""A tree without marks: what a rewrite compares. A scalar carries its tag where it is no string."""


def children(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the nodes directly below, keys included."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Yield every scalar at or below `node`, keys included, in the order of the text."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif node is not None:
        for child in children(node):
            yield from scalars(child)


def pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Yield a mapping's pairs whose key is a scalar; what `<<` merges in comes first, so that later keys win."""
    if not isinstance(node, yaml.MappingNode):
        return
    merges = False
    for key, value in node.value:
        if key.value == "<<" and not key.style:
            merges = True
            for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                yield from pairs(merged)
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and not (merges and key.value == "<<" and not key.style):
            yield key, value


def get(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    """Return the node at a path of keys, or None. The last of equal keys wins, as it does for a YAML loader."""
    for name in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        found, merges = None, False
        for key, value in node.value:
            if key.value == name:
                found = value
            elif key.value == "<<":
                merges = True
        if found is None and merges:
            found = next((value for key, value in reversed(list(pairs(node))) if key.value == name), None)
        node = found
    return node


def string(node: yaml.Node | None) -> str | None:
    """Return a scalar's text, or None for anything else. A null is the empty text."""
    if not isinstance(node, yaml.ScalarNode):
        return None
    return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def strings(node: yaml.Node | None) -> tuple[str, ...]:
    """Return a scalar or a sequence of scalars as texts (GitHub takes either in many places)."""
    if isinstance(node, yaml.SequenceNode):
        return tuple(text for item in node.value if (text := string(item)) is not None)
    one = string(node)
    return () if one is None else (one,)


def plain(node: yaml.Node) -> Plain:
    """Return a node without marks and styles; tags of non-strings are kept, so that `"true"` and `true` differ."""
    if isinstance(node, yaml.MappingNode):
        return {_key(key): plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    tag = node.tag.removeprefix("tag:yaml.org,2002:")
    return str(node.value) if tag == "str" else f"!{tag} {node.value}"


def at(root: Plain, path: Path) -> Plain:
    """Return what stands at a path of a plain tree, which must be there."""
    node = root
    for part in path:
        if isinstance(part, int):
            assert isinstance(node, list)
            node = node[part]
        else:
            assert isinstance(node, dict)
            node = node[part]
    return node


def put(root: Plain, path: Path, value: Plain) -> None:
    """Put a value at a path of a plain tree."""
    parent, last = at(root, path[:-1]), path[-1]
    if isinstance(parent, list):
        assert isinstance(last, int)
        parent[last] = value
    else:
        assert isinstance(parent, dict)
        parent[str(last)] = value


def _key(node: yaml.Node) -> str:
    value = plain(node)
    return value.removeprefix("!bool ") if isinstance(value, str) else repr(value)


def repeated_key(keys: Sequence[yaml.Node]) -> tuple[str, int] | None:
    """Return the first key that a mapping has twice, and its offset."""
    if len({key.value for key in keys if isinstance(key, yaml.ScalarNode)}) == len(keys):
        return None
    seen: set[str] = set()
    for key in keys:
        name = _key(key)
        if name in seen:
            return name, key.start_mark.index
        seen.add(name)
    return None


def shared(root: yaml.Node) -> frozenset[int]:
    """Return the ids of nodes that an alias uses a second time: an edit there would change two places at once."""
    seen: set[int] = set()
    twice: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen and not (isinstance(node, yaml.ScalarNode) and node.value == ""):
            twice.add(id(node))
        seen.add(id(node))
        stack.extend(children(node))
    return frozenset(twice)


def offset_in(text: Text, node: yaml.ScalarNode, offset: int) -> int:
    """Return where the character at `offset` of a scalar's value stands in the file (the node's start if unclear)."""
    value = str(node.value)
    at = value.find("${{", offset)
    needle = value[offset : offset + 40].split("\n", maxsplit=1)[0]
    source = text.text[node.start_mark.index : node.end_mark.index]
    nth = value[:at].count(needle) if needle and at == offset else value[:offset].count(needle) if needle else 0
    found = -1
    for _ in range(nth + 1):
        found = source.find(needle, found + 1) if needle else -1
        if found < 0:
            return int(node.start_mark.index)
    return int(node.start_mark.index) + found
