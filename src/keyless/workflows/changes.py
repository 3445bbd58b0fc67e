"""Changes of a YAML file as spans of its text, and the same changes of its tree, so that one can check the other.

Each operation knows both: `edits` says which characters are replaced, `apply` what the tree must be afterwards.
`Impossible` means that the text is not laid out so that it can be changed without touching something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from keyless.workflows.emit import Value, flow, lines, tree
from keyless.workflows.shape import Path
from keyless.workflows.spans import (
    Document,
    Edit,
    Impossible,
    blank_before,
    dash_column,
    insertion,
    is_line_start,
    script_offsets,
    unit,
)
from keyless.workflows.tree import Plain, pairs


@dataclass(frozen=True, slots=True)
class RemovePairs:
    """Take keys out of a mapping; the mapping itself goes when nothing remains in it."""

    path: Path
    keys: tuple[str, ...]
    why: str

    def edits(self, doc: Document) -> list[Edit]:
        node = doc.node(self.path)
        all_pairs = list(pairs(node))
        if all(str(key.value) in self.keys for key, _ in all_pairs):
            if not self.path or isinstance(self.path[-1], int):
                raise Impossible("nothing would remain of the step")
            return RemovePairs(self.path[:-1], (str(self.path[-1]),), self.why).edits(doc)
        if isinstance(node, yaml.MappingNode) and node.flow_style:
            return _remove_from_flow(doc, all_pairs, self.keys, self.why)
        return [_remove_block_pair(doc, all_pairs, key, self.why) for key in self.keys]

    def apply(self, root: Plain) -> None:
        parent = _at(root, self.path[:-1]) if self.path else None
        node = _at(root, self.path)
        assert isinstance(node, dict)
        for key in self.keys:
            del node[key]
        if not node and isinstance(parent, dict):
            RemovePairs(self.path[:-1], (str(self.path[-1]),), self.why).apply(root)


def _remove_block_pair(
    doc: Document, all_pairs: Sequence[tuple[yaml.ScalarNode, yaml.Node]], name: str, why: str
) -> Edit:
    at = next(n for n, (key, _) in enumerate(all_pairs) if key.value == name)
    key, value = all_pairs[at]
    start, text = int(key.start_mark.index), doc.text
    end = text.line_end(doc.pair_end(key, value) - 1)
    if not text.text[text.line_start(start) : start].strip():
        return Edit(text.line_start(start), end, "", why)
    if at + 1 < len(all_pairs) and not text.text[text.line_start(start) : start].replace("-", "").strip():
        following = all_pairs[at + 1][0]
        return Edit(start, int(following.start_mark.index), "", why)
    raise Impossible("the line holds more than the value that has to go")


def _remove_from_flow(
    doc: Document, all_pairs: Sequence[tuple[yaml.ScalarNode, yaml.Node]], keys: Sequence[str], why: str
) -> list[Edit]:
    edits: list[Edit] = []
    kept_before = False
    for at, (key, value) in enumerate(all_pairs):
        if key.value not in keys:
            kept_before = True
        elif kept_before:
            before = doc.pair_end(*all_pairs[at - 1])
            edits.append(Edit(min(before, doc.end(all_pairs[at - 1][1])), doc.end(value), "", why))
        else:
            edits.append(Edit(int(key.start_mark.index), int(all_pairs[at + 1][0].start_mark.index), "", why))
    return edits


@dataclass(frozen=True, slots=True)
class AddPair:
    """Put a pair into a mapping, in block style after `after` (or at the end), in flow style at the end."""

    path: Path
    key: str
    value: Value
    why: str
    after: str | None = None

    def edits(self, doc: Document) -> list[Edit]:
        node = doc.node(self.path)
        if not isinstance(node, yaml.MappingNode):
            raise Impossible(f"{'.'.join(map(str, self.path))} is no mapping")
        text, all_pairs = doc.text, list(pairs(node))
        if node.flow_style:
            inside = f"{self.key}: {flow(self.value)}"
            if not all_pairs:
                return [Edit(int(node.start_mark.index), int(node.end_mark.index), f"{{ {inside} }}", self.why)]
            end = doc.end(all_pairs[-1][1])
            return [Edit(end, end, f", {inside}", self.why)]
        column = text.column(int(all_pairs[0][0].start_mark.index))
        chosen = next((pair for pair in all_pairs if pair[0].value == self.after), all_pairs[-1])
        return [insertion(text, doc.pair_end(*chosen), lines(self.key, self.value, column, unit(doc)), self.why)]

    def apply(self, root: Plain) -> None:
        node = _at(root, self.path)
        assert isinstance(node, dict)
        assert self.key not in node
        node[self.key] = tree(self.value)


@dataclass(frozen=True, slots=True)
class SetScalar:
    """Replace a scalar by another text; its quotes stay. A trailing comment goes where `comment` says so."""

    path: Path
    value: str
    why: str
    comment: bool = False

    def edits(self, doc: Document) -> list[Edit]:
        node = doc.node(self.path)
        if not isinstance(node, yaml.ScalarNode) or node.style in {"|", ">"}:
            raise Impossible("the value is no plain text on one line")
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        quote = node.style or ""
        if self.comment:
            line_end = doc.text.line_end(end - 1)
            rest = doc.text.text[end:line_end]
            end += len(rest.rstrip("\r\n")) if rest.strip().startswith("#") else 0
        return [Edit(start, end, quote + self.value + quote, self.why)]

    def apply(self, root: Plain) -> None:
        _put(root, self.path, self.value)


@dataclass(frozen=True, slots=True)
class ReplacePair:
    """Put another pair in the place of one (`run:` becomes `uses:`)."""

    path: Path
    old: str
    key: str
    value: Value
    why: str

    def edits(self, doc: Document) -> list[Edit]:
        key, value = doc.pair(self.path, self.old)
        node = doc.node(self.path)
        if isinstance(node, yaml.MappingNode) and node.flow_style:
            raise Impossible("the step is written in flow style")
        column = doc.text.column(int(key.start_mark.index))
        new = doc.text.newline.join(lines(self.key, self.value, column, unit(doc))).lstrip()
        end = doc.pair_end(key, value)
        comment = doc.text.text[end : doc.text.line_end(end - 1)].rstrip("\r\n")
        end += len(comment) if comment.strip().startswith("#") else 0
        return [Edit(int(key.start_mark.index), end, new, self.why)]

    def apply(self, root: Plain) -> None:
        node = _at(root, self.path)
        assert isinstance(node, dict)
        items = list(node.items())
        node.clear()
        for name, value in items:
            if name == self.old:
                node[self.key] = tree(self.value)
            else:
                node[name] = value


@dataclass(frozen=True, slots=True)
class EditScript:
    """Replace parts of a `run:` script, by offsets in its text (as YAML gives it)."""

    path: Path
    parts: tuple[tuple[int, int, str], ...]
    why: str

    def edits(self, doc: Document) -> list[Edit]:
        node = doc.node(self.path)
        if not isinstance(node, yaml.ScalarNode):
            raise Impossible("the script is no text")
        offsets = script_offsets(doc, node)
        found = []
        for start, end, new in self.parts:
            whole_lines = is_line_start(node.value, start) and is_line_start(node.value, end) and end > start
            first, last = offsets[start], offsets[end - 1] + 1 if end > start else offsets[start]
            if end > start and node.value[end - 1] == "\n" and node.style == "|":
                last = doc.text.line_end(offsets[end - 1])
            if whole_lines and not new and node.style == "|":
                first, last = doc.text.line_start(first), doc.text.line_end(last - 1)
            found.append(Edit(first, last, new.replace("\n", doc.text.newline), self.why))
        return found

    def apply(self, root: Plain) -> None:
        value = _at(root, self.path)
        assert isinstance(value, str)
        for start, end, new in sorted(self.parts, reverse=True):
            value = value[:start] + new + value[end:]
        _put(root, self.path, value)


@dataclass(frozen=True, slots=True)
class InsertStep:
    """Put a new step after the step at `path` (…, "steps", index)."""

    path: Path
    value: Mapping[str, Value]
    why: str

    def edits(self, doc: Document) -> list[Edit]:
        node = doc.node(self.path)
        sequence = doc.node(self.path[:-1])
        if not isinstance(sequence, yaml.SequenceNode) or sequence.flow_style:
            raise Impossible("the steps are written in flow style")
        text = doc.text
        inner = text.column(int(node.start_mark.index))
        dash = dash_column(text, int(node.start_mark.index))
        new = [line for key, value in self.value.items() for line in lines(key, value, inner, unit(doc))]
        new[0] = " " * dash + "-" + " " * (inner - dash - 1) + new[0].lstrip()
        blank = blank_before(text, int(node.start_mark.index))
        return [insertion(text, doc.end(node), [""] * blank + new, self.why)]

    def apply(self, root: Plain) -> None:
        steps = _at(root, self.path[:-1])
        assert isinstance(steps, list)
        index = self.path[-1]
        assert isinstance(index, int)
        steps.insert(index + 1, tree(self.value))


@dataclass(frozen=True, slots=True)
class RemoveStep:
    """Take a whole step out, with the blank line before it."""

    path: Path
    why: str

    def edits(self, doc: Document) -> list[Edit]:
        node, sequence, text = doc.node(self.path), doc.node(self.path[:-1]), doc.text
        if not isinstance(sequence, yaml.SequenceNode) or sequence.flow_style or len(sequence.value) < 2:
            raise Impossible("nothing would remain of the job")
        start = int(node.start_mark.index)
        dash_column(text, start)
        first = text.line_start(start)
        if blank_before(text, start):
            first = text.line_start(first - 1)
        return [Edit(first, text.line_end(doc.end(node) - 1), "", self.why)]

    def apply(self, root: Plain) -> None:
        steps, index = _at(root, self.path[:-1]), self.path[-1]
        assert isinstance(steps, list)
        assert isinstance(index, int)
        del steps[index]


Operation: TypeAlias = RemovePairs | AddPair | SetScalar | ReplacePair | EditScript | InsertStep | RemoveStep


def _at(root: Plain, path: Path) -> Plain:
    node = root
    for part in path:
        if isinstance(part, int):
            assert isinstance(node, list)
            node = node[part]
        else:
            assert isinstance(node, dict)
            node = node[part]
    return node


def _put(root: Plain, path: Path, value: Plain) -> None:
    parent, last = _at(root, path[:-1]), path[-1]
    if isinstance(parent, list):
        assert isinstance(last, int)
        parent[last] = value
    else:
        assert isinstance(parent, dict)
        parent[str(last)] = value
