"""How a backup's file is called, so that the ids of all backups can be told without opening or even importing anything."""

from __future__ import annotations

import re
from typing import Final

SUFFIX: Final = ".keyless-backup"
_NAME: Final = re.compile(r"(?!\.).*([0-9a-f]{16})" + re.escape(SUFFIX))


def id_of(name: str) -> str | None:
    """Return the id in a file's name, or None for a file that is no backup (a draft begins with a dot)."""
    found = _NAME.fullmatch(name)
    return found and found.group(1)
