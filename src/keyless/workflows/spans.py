"""Where things stand in a YAML file's text: nodes and pairs by path, lines to insert after, scripts by offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from keyless.workflows.text import Text
from keyless.workflows.tree import Path, get, pairs, shared


class Impossible(Exception):  # private to rewriting: becomes a Declined
    """The change cannot be made in this text; the message says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` to `end`."""

    start: int
    end: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text with its root node."""

    text: Text
    root: yaml.Node
    shared: frozenset[int]

    def node(self, path: Path) -> yaml.Node:
        """Return the node at a path. Raises Impossible where it is missing or used twice by an alias."""
        node = self.root
        for part in path:
            below = get(node, part) if isinstance(part, str) else _item(node, part)
            if below is None:
                raise Impossible(f"there is no {'.'.join(map(str, path))}")
            if id(below) in self.shared:
                raise Impossible("the place is shared by a YAML anchor, so a change would reach elsewhere")
            node = below
        return node

    def pair(self, path: Path, key: str) -> tuple[yaml.ScalarNode, yaml.Node]:
        """Return a mapping's pair."""
        self.node((*path, key))
        return next((k, v) for k, v in pairs(self.node(path)) if k.value == key)

    def end(self, node: yaml.Node) -> int:
        """Return the offset just after a node's last visible character."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            key, value = last if isinstance(last, tuple) else (None, last)
            return max(self.end(value), int(key.end_mark.index) if key is not None else 0)
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        return start + len(self.text.text[start:end].rstrip())

    def pair_end(self, key: yaml.Node, value: yaml.Node) -> int:
        """Return the offset just after a pair's last visible character."""
        if any(id(node) in self.shared for node in (value,)):
            raise Impossible("the value is shared by a YAML anchor")
        return max(self.end(value), int(key.end_mark.index) + 1)


def _item(node: yaml.Node, index: int) -> yaml.Node | None:
    found: yaml.Node | None = node.value[index] if isinstance(node, yaml.SequenceNode) else None
    return found


def document(text: Text, root: yaml.Node) -> Document:
    """Return a document ready for changes."""
    return Document(text, root, shared(root))


def insertion(text: Text, end: int, new: Sequence[str], why: str) -> Edit:
    """Put whole lines after the line of `end`; a last line without its line break gets none at the end either."""
    at = text.line_end(end - 1)
    block = text.newline.join(new)
    if at == len(text.text) and not text.text.endswith("\n"):
        return Edit(at, at, text.newline + block, why)
    return Edit(at, at, block + text.newline, why)


def is_line_start(value: str, at: int) -> bool:
    return at == 0 or at == len(value) or value[at - 1] == "\n"


def script_offsets(doc: Document, node: yaml.ScalarNode) -> list[int]:
    """Return for each character of a script's text where it stands in the file."""
    text, start, end = doc.text.text, int(node.start_mark.index), int(node.end_mark.index)
    value = str(node.value)
    if node.style == "|":
        return _block_offsets(doc.text, start, end, value)
    inner = text[start:end] if not node.style else text[start + 1 : end - 1]
    if inner != value:
        raise Impossible("the script's text is folded or escaped")
    first = start + (1 if node.style else 0)
    return [first + n for n in range(len(value) + 1)]


def _block_offsets(text: Text, start: int, end: int, value: str) -> list[int]:
    offsets: list[int] = []
    at = text.line_end(start)
    source = value.split("\n")
    indent = -1
    for number, line in enumerate(source):
        raw = text.text[at : text.line_end(at)] if at < len(text.text) else ""
        body = raw.rstrip("\r\n")
        if indent < 0 and body.strip():
            indent = len(body) - len(line)
        if line and body[max(indent, 0) :] != line:
            raise Impossible("the script's text is not laid out line by line")
        offsets.extend(at + max(indent, 0) + n for n in range(len(line)))
        if number < len(source) - 1:
            offsets.append(at + len(body))
        at = text.line_end(at) if at < len(text.text) else at
    offsets.append(min(at, end))
    return offsets


def dash_column(text: Text, offset: int) -> int:
    before = text.text[text.line_start(offset) : offset]
    if before.strip() != "-":
        raise Impossible("the step does not begin on the line of its dash")
    return before.index("-")


def blank_before(text: Text, offset: int) -> int:
    """Return 1 where a blank line stands before the step, so that a new step gets one too."""
    number = text.line(offset)
    return int(number > 0 and not text.text[text.starts[number - 1] : text.starts[number]].strip())


def unit(doc: Document) -> int:
    """Return by how many columns the file indents jobs under `jobs:`."""
    jobs = next((value for key, value in pairs(doc.root) if key.value in {"jobs", "runs"}), None)
    first = next(pairs(jobs), None)
    return max(doc.text.column(int(first[0].start_mark.index)), 1) if first is not None else 2
