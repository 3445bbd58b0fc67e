"""File changes as lines of a diff, with the reason of each hunk beside it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keyless.model.text import clean
from keyless.model.workflow import FileChange


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line, fit to be shown. `kind` is "file", "place", "why", "added", "removed" or "same"."""

    kind: str
    text: str


def diff_lines(change: FileChange) -> Iterator[DiffLine]:
    """Yield the lines of one file's unified diff, three lines around each change."""
    yield DiffLine("file", clean(f"--- {change.path}"))
    yield DiffLine("file", clean(f"+++ {change.path}"))
    before, after = _lines(change.before), _lines(change.after)
    end = "\r\n" if all(line.endswith("\r\n") for line in (*before, *after)) else "\n"
    for group in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_grouped_opcodes(3):
        first, last = group[0], group[-1]
        yield DiffLine("place", f"@@ -{first[1] + 1},{last[2] - first[1]} +{first[3] + 1},{last[4] - first[3]} @@")
        yield from (DiffLine("why", clean(h.why)) for h in change.hunks if first[1] < h.line <= last[2] + 1)
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                yield from _shown("same", " ", before[a1:a2], end)
            else:
                yield from _shown("removed", "-", before[a1:a2], end)
                yield from _shown("added", "+", after[b1:b2], end)


def diff_text(change: FileChange) -> str:
    """Return the diff as text, without the reasons, as `git apply` and editors read it."""
    return "".join(f"{line.text}\n" for line in diff_lines(change) if line.kind != "why")


def _lines(content: bytes) -> list[str]:
    """Return the lines with their ends; only a line feed ends a line, as for git."""
    pieces = content.decode("utf-8", errors="backslashreplace").split("\n")
    return [f"{piece}\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _shown(kind: str, sign: str, lines: Sequence[str], end: str) -> Iterator[DiffLine]:
    """Yield lines without `end`, the end that all of them have; any other end stays visible, as it is a difference."""
    for line in lines:
        text = clean(line.removesuffix(end).removesuffix("\n"), lines=True)
        yield DiffLine(kind, f"{sign}{text}")
        if not line.endswith("\n"):
            yield DiffLine("place", "\\ No newline at end of file")
