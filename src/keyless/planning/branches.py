"""Names for the branches on which changes are proposed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from keyless.model.workflow import FileChange


def branch_name(purpose: str, changes: Iterable[FileChange], since: str) -> str:
    """Return a name that is the same for the same change of the same state, and no other.

    So a second run finds the pull request of the first, and a later migration never takes an old one for its own.
    `since` is what tells two equal changes at different times apart (a commit, or a time).
    """
    digest = hashlib.sha256(since.encode())
    for change in changes:
        for part in (change.path.encode(), change.before, change.after):
            digest.update(len(part).to_bytes(8, "big") + part)
    return f"keyless/{purpose}-{digest.hexdigest()[:8]}"
