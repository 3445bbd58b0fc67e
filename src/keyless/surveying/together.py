"""Many workflows are analysed by two processes, where the machine has two processors and can fork."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from keyless import workflows
from keyless.model.github import SourceFile
from keyless.model.workflow import Analysis, Here
from keyless.workflows.analyse import analyse_part, combined
from keyless.workflows.library import read
from keyless.workflows.parts import parts

MANY = 200
"""Files. Fewer are done before a second process pays."""


def analyse_together(files: Sequence[SourceFile], here: Here | None = None) -> Analysis:
    """Return what `workflows.analyse` says of the files, sooner."""
    if len(files) < MANY or not _can_fork():
        return workflows.analyse(files, here)
    mine, other = parts(files, 2)
    answer = _in_child(lambda: _analyse(other, here))
    own = _analyse(mine, here)
    return combined([file.path for file in files], (own, answer() or _analyse(other, here)))


def _analyse(files: Sequence[SourceFile], here: Here | None) -> Analysis:
    return analyse_part(read(files, here))


def _can_fork() -> bool:
    return hasattr(os, "fork") and threading.active_count() == 1 and (os.cpu_count() or 1) > 1


def _in_child(work: Callable[[], Analysis]) -> Callable[[], Analysis | None]:
    """Begin `work` in a child; what is returned waits for its outcome, None where the child did not get to its end."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(work(), pipe, protocol=pickle.HIGHEST_PROTOCOL)
            os._exit(0)
        os._exit(1)
    os.close(writer)

    def outcome() -> Analysis | None:
        with os.fdopen(reader, "rb") as pipe:
            data = pipe.read()
        _, status = os.waitpid(child, 0)
        return pickle.loads(data) if status == 0 else None  # noqa: S301  # our own child's words

    return outcome
