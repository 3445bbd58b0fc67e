"""Changes of whole steps: one put in, taken out, or moved into a job of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import yaml

from keyless.workflows.changes import Operation
from keyless.workflows.emit import Value, lines, tree
from keyless.workflows.hunks import apply
from keyless.workflows.spans import Document, Edit, Impossible, blank_before, dash_column, insertion, unit
from keyless.workflows.text import lines_of, of
from keyless.workflows.tree import Path, Plain, at, pairs


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
        blank = blank_before(doc.text, int(node.start_mark.index))
        return [insertion(doc.text, doc.end(node), [""] * blank + _like(doc, node, self.value), self.why)]

    def apply(self, root: Plain) -> None:
        steps = at(root, self.path[:-1])
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
        steps, index = at(root, self.path[:-1]), self.path[-1]
        assert isinstance(steps, list)
        assert isinstance(index, int)
        del steps[index]


def _like(doc: Document, node: yaml.Node, value: Mapping[str, Value]) -> list[str]:
    """Return a new step's lines, laid out like the step `node`."""
    start = int(node.start_mark.index)
    inner, dash = doc.text.column(start), dash_column(doc.text, start)
    new = [line for key, item in value.items() for line in lines(key, item, inner, unit(doc))]
    new[0] = " " * dash + "-" + " " * (inner - dash - 1) + new[0].lstrip()
    return new


def _spaced(doc: Document, path: Path) -> bool:
    """Whether a blank line stands between the pairs of a mapping; a single pair does not tell otherwise."""
    others = [int(key.start_mark.index) for key, _ in pairs(doc.node(path))][1:]
    return not others or any(blank_before(doc.text, start) for start in others)


@dataclass(frozen=True, slots=True)
class MoveStep:
    """Move a job's last step behind a first one in a new job, which stands below the old one.

    `settings` are the new job's keys but `steps`. `inside` changes the step on its way; nothing else of its text changes.
    """

    path: Path
    job: str
    settings: Mapping[str, Value]
    first: Mapping[str, Value]
    inside: tuple[Operation, ...]
    why: str

    def edits(self, doc: Document) -> list[Edit]:
        text, node, sequence = doc.text, doc.node(self.path), doc.node(self.path[:-1])
        if not isinstance(sequence, yaml.SequenceNode) or sequence.flow_style:
            raise Impossible("the steps are written in flow style")
        start = self._start(doc, node)
        (whole,) = RemoveStep(self.path, self.why).edits(doc)
        gone = replace(
            whole, start=min(whole.start, text.line_start(start - 1) if blank_before(text, start) else start)
        )
        key, job = doc.pair(self.path[:1], str(self.path[1]))
        steps, _ = doc.pair(self.path[:-2], "steps")
        column, inner = text.column(int(key.start_mark.index)), text.column(int(steps.start_mark.index))
        new = [" " * column + f"{self.job}:"]
        new += [line for name, value in self.settings.items() for line in lines(name, value, inner, unit(doc))]
        new += [" " * inner + "steps:", *_like(doc, node, self.first), *self._moved(doc, node)]
        if _spaced(doc, self.path[:1]):
            new.insert(0, "")
        after = text.line_end(doc.pair_end(key, job) - 1)
        block = text.newline.join(new) + text.newline
        if after == gone.end:
            return [Edit(gone.start, gone.end, block, self.why)]
        return [gone, Edit(after, after, block, self.why)]

    @staticmethod
    def _start(doc: Document, node: yaml.Node) -> int:
        """Return where the step begins, with the comments right above it."""
        text, start = doc.text, doc.text.line_start(int(node.start_mark.index))
        while start and text.text[text.line_start(start - 1) : start].lstrip(" ").startswith("#"):
            start = text.line_start(start - 1)
        return start

    def _moved(self, doc: Document, node: yaml.Node) -> list[str]:
        text = doc.text
        start, end = self._start(doc, node), text.line_end(doc.end(node) - 1)
        edits = [edit for operation in self.inside for edit in operation.edits(doc)]
        if any(edit.start < start or edit.end > end for edit in edits):
            raise Impossible("the step cannot be changed on its way")
        moved = [Edit(edit.start - start, edit.end - start, edit.text, edit.why) for edit in edits]
        return lines_of(apply(of(text.path, text.text[start:end]), moved))

    def apply(self, root: Plain) -> None:
        for operation in self.inside:
            operation.apply(root)
        steps, jobs = at(root, self.path[:-1]), at(root, self.path[:1])
        assert isinstance(steps, list)
        assert isinstance(jobs, dict)
        assert isinstance(self.path[-1], int)
        assert self.job not in jobs
        settings = tree(self.settings)
        assert isinstance(settings, dict)
        jobs[self.job] = {**settings, "steps": [tree(self.first), steps.pop(self.path[-1])]}
