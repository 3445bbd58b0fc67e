"""What this process may leave behind when it crashes: nothing of its memory."""

from __future__ import annotations

import resource
from contextlib import suppress

_NONE = 1
"""Bytes of a core dump. Linux takes 1, not 0, for "not through a pipe to a collector either" (fs/coredump.c)."""


def no_core_dumps() -> None:
    """Forbid core dumps, in which a token could stand; for the programs that this one starts too.

    Where the system does not let us, nothing else changes: docs/threat-model.md says what memory may leak.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (_NONE, _NONE))
