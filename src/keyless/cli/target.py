"""What a command is pointed at: OWNER/REPO, a folder with a checkout, or nothing (then this folder)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from keyless.errors import UsageError
from keyless.model.github import Repository

_FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Target:
    """A repository, and the folder of its checkout when it was named by one."""

    repository: Repository
    folder: Path | None


def parse_repository(text: str) -> Repository:
    """Return OWNER/REPO. Raises UsageError."""
    if not _FULL_NAME.fullmatch(text):
        raise UsageError(f"'{text}' names no repository.", hint="Write OWNER/REPO, as in its address on GitHub.")
    owner, _, name = text.partition("/")
    return Repository(owner, name)


def find_target(text: str | None) -> Target:
    """Return what `text` names. An existing folder wins over a repository of the same spelling only with ./ before it."""
    if text is not None and _FULL_NAME.fullmatch(text) and not text.startswith("."):
        return Target(parse_repository(text), None)
    from keyless.services.system import find_checkout

    checkout = find_checkout(Path(text or "."))
    if checkout.repository is None:
        raise UsageError(
            f"The checkout in {checkout.root} has no remote on GitHub, or several and none of them is 'origin'.",
            hint="Name the repository as OWNER/REPO.",
        )
    return Target(checkout.repository, checkout.root)
