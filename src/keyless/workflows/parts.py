"""Many files in parts that can be looked at apart from each other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from keyless.model.github import SourceFile
from keyless.workflows.library import is_workflow

_LINKED = re.compile(rb"workflow_call|\.github.workflows|\0")
"""What calls a workflow or may be called says so; a file that is not in one byte a character may say anything."""


def parts(files: Sequence[SourceFile], count: int) -> tuple[tuple[SourceFile, ...], ...]:
    """Return the files in `count` parts of about the same size, whose workflows do not call each other.

    What is no workflow may be used by all of them and is in each part.
    """
    shared = [file for file in files if not is_workflow(file.path)]
    linked = [file for file in files if is_workflow(file.path) and _LINKED.search(file.content)]
    made: list[list[SourceFile]] = [[*shared, *linked], *([*shared] for _ in range(count - 1))]
    sizes = [sum(len(file.content) for file in linked), *([0] * (count - 1))]
    for file in files:
        if is_workflow(file.path) and not _LINKED.search(file.content):
            least = sizes.index(min(sizes))
            made[least].append(file)
            sizes[least] += len(file.content)
    return tuple(map(tuple, made))
