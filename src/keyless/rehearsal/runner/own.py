"""What of `uses:` lies in the repository that runs: `./path`, `$/path`, and its own name."""

from __future__ import annotations

import posixpath


def own_path(uses: str, repository: str) -> str | None:
    """Return the path in the repository that is used, or None for another repository's.

    The rehearsal has one version of each file: `owner/name/path@ref` is read as it is at the running commit.
    """
    if uses.startswith(("./", "$/")):
        return posixpath.normpath(uses[2:])
    name, _, _ = uses.partition("@")
    if name.lower().startswith(f"{repository.lower()}/"):
        return posixpath.normpath(name[len(repository) + 1 :])
    return None
