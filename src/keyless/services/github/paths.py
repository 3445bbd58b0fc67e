"""Paths of GitHub's REST interface. githubkit does not percent-encode parameters (facts/github.md), so this does."""

from __future__ import annotations

from urllib.parse import quote

from keyless.errors import UsageError
from keyless.model.github import Repository, Store, StoreKind


def part(text: str) -> str:
    """Return `text` as one part of a path. Raises UsageError for a text that would climb out of it."""
    if text in ("", ".", ".."):
        raise UsageError(f"'{text}' is no name that GitHub knows.", hint="Check the spelling.")
    return quote(text, safe="")


def repository_path(repository: Repository) -> str:
    """Return `/repos/{owner}/{name}`."""
    return f"/repos/{part(repository.owner)}/{part(repository.name)}"


def store_path(store: Store) -> str:
    """Return the path under which a store's secrets lie, ending in `/secrets`."""
    owner = part(store.owner)
    match store.kind:
        case StoreKind.ORGANISATION:
            return f"/orgs/{owner}/actions/secrets"
        case StoreKind.ORGANISATION_DEPENDABOT:
            return f"/orgs/{owner}/dependabot/secrets"
        case StoreKind.ENVIRONMENT:
            return f"/repos/{owner}/{part(store.repository or '')}/environments/{part(store.environment or '')}/secrets"
        case StoreKind.REPOSITORY:
            section = "actions"
        case StoreKind.DEPENDABOT | StoreKind.CODESPACES | StoreKind.AGENTS:
            section = store.kind.value
    return f"/repos/{owner}/{part(store.repository or '')}/{section}/secrets"
