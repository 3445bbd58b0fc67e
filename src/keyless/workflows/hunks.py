"""Edits applied to a text, and shown as hunks: connected lines with one sentence why."""

from __future__ import annotations

from collections.abc import Sequence

from keyless.model.workflow import Hunk
from keyless.workflows.spans import Edit, Impossible
from keyless.workflows.text import Text, lines_of, of


def apply(text: Text, edits: Sequence[Edit]) -> str:
    """Return the text with all edits made. Raises Impossible where two overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at:
            raise Impossible("two changes overlap")
        parts += [text.text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text.text[at:]])


def distinct(edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits without those that repeat another or lie inside a larger removal."""
    unique = list({(e.start, e.end, e.text): e for e in edits}.values())
    return [
        e
        for e in unique
        if e.start == e.end
        or not any(o is not e and not o.text and o.start <= e.start and e.end <= o.end for o in unique)
    ]


def hunks(text: Text, edits: Sequence[Edit]) -> tuple[Hunk, ...]:
    """Return the edits as hunks, those that touch the same or neighbouring lines together."""
    groups: list[list[Edit]] = []
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if groups and text.line(edit.start) <= _last_line(text, groups[-1][-1]) + 1:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return tuple(_hunk(text, group) for group in groups)


def _last_line(text: Text, edit: Edit) -> int:
    return text.line(max(edit.start, edit.end - 1))


def _hunk(text: Text, group: Sequence[Edit]) -> Hunk:
    start = text.line_start(group[0].start)
    last = max(edit.end for edit in group)
    end = last if last == text.line_start(last) and last > start else text.line_end(last)
    if all(edit.start == edit.end == start for edit in group):
        end = start
    whole = of(text.path, text.text[start:end])
    moved = [Edit(e.start - start, e.end - start, e.text, e.why) for e in group]
    before, after = lines_of(whole.text), lines_of(apply(whole, moved))
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    tail = 0
    while tail < min(len(before), len(after)) - same and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    sentences = tuple(dict.fromkeys(edit.why.rstrip(".") for edit in group))
    line = text.line(start) + same + 1
    return Hunk(
        line,
        tuple(before[same : len(before) - tail]),
        tuple(after[same : len(after) - tail]),
        one_sentence(sentences),
    )


def one_sentence(sentences: Sequence[str]) -> str:
    """Return several sentences, each without its full stop, as one."""
    first, *others = sentences
    return "; ".join([first, *map(_inside, others)]) + "."


def _inside(sentence: str) -> str:
    """Return a sentence as it goes on after a semicolon; a name such as PyPI keeps its capital."""
    word = sentence.split(maxsplit=1)[0] if sentence.strip() else ""
    plain = word.isalpha() and (len(word) == 1 or word[1:].islower())
    return sentence[:1].lower() + sentence[1:] if plain else sentence
