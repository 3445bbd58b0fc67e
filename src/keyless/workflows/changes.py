"""Changes of a YAML file as spans of its text, and the same changes of its tree, so that one can check the other.

Each operation knows both: `edits` says which characters are replaced, `apply` what the tree must be afterwards. Those
on whole steps are in keyless.workflows.step_changes.
`Impossible` means that the text is not laid out so that it can be changed without touching something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import yaml

from keyless.workflows.emit import Value, flow, lines, tree
from keyless.workflows.spans import Document, Edit, Impossible, insertion, is_line_start, script_offsets, unit
from keyless.workflows.tree import Path, Plain, at, pairs, put


class Operation(Protocol):
    """One change, with the sentence that says why. Paths are those of the tree before any change."""

    @property
    def path(self) -> Path: ...

    @property
    def why(self) -> str: ...

    def edits(self, doc: Document) -> list[Edit]:
        """Return what happens to the text. Raises Impossible."""
        ...

    def apply(self, root: Plain) -> None:
        """Make the same change in the tree."""
        ...


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
        parent = at(root, self.path[:-1]) if self.path else None
        node = at(root, self.path)
        assert isinstance(node, dict)
        for key in self.keys:
            del node[key]
        if not node and isinstance(parent, dict):
            RemovePairs(self.path[:-1], (str(self.path[-1]),), self.why).apply(root)


def _remove_block_pair(
    doc: Document, all_pairs: Sequence[tuple[yaml.ScalarNode, yaml.Node]], name: str, why: str
) -> Edit:
    number = next(n for n, (key, _) in enumerate(all_pairs) if key.value == name)
    key, value = all_pairs[number]
    start, text = int(key.start_mark.index), doc.text
    end = text.line_end(doc.pair_end(key, value) - 1)
    if not text.text[text.line_start(start) : start].strip():
        return Edit(text.line_start(start), end, "", why)
    if number + 1 < len(all_pairs) and not text.text[text.line_start(start) : start].replace("-", "").strip():
        following = all_pairs[number + 1][0]
        return Edit(start, int(following.start_mark.index), "", why)
    raise Impossible("the line holds more than the value that has to go")


def _remove_from_flow(
    doc: Document, all_pairs: Sequence[tuple[yaml.ScalarNode, yaml.Node]], keys: Sequence[str], why: str
) -> list[Edit]:
    edits: list[Edit] = []
    kept_before = False
    for number, (key, value) in enumerate(all_pairs):
        if key.value not in keys:
            kept_before = True
        elif kept_before:
            before = doc.pair_end(*all_pairs[number - 1])
            edits.append(Edit(min(before, doc.end(all_pairs[number - 1][1])), doc.end(value), "", why))
        else:
            edits.append(Edit(int(key.start_mark.index), int(all_pairs[number + 1][0].start_mark.index), "", why))
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
        node = at(root, self.path)
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
        put(root, self.path, self.value)


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
        node = at(root, self.path)
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
        value = at(root, self.path)
        assert isinstance(value, str)
        for start, end, new in sorted(self.parts, reverse=True):
            value = value[:start] + new + value[end:]
        put(root, self.path, value)
