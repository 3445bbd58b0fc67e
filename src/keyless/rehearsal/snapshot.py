"""A repository as a maintainer would compare it before and after: secrets, who sees them, workflow bytes (S4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keyless.model.github import Repository, StoreKind
from keyless.rehearsal.github import repositories, secret_stores, state
from keyless.rehearsal.store import Document, Store


@dataclass(frozen=True, slots=True)
class Seen:
    """A secret: its store, name, and in an organisation who sees it. Times and values are left out: they may differ."""

    store: str
    name: str
    visibility: str | None
    selected: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`workflows` are (path, bytes) of everything under .github."""

    secrets: frozenset[Seen]
    workflows: frozenset[tuple[str, bytes]]

    def names(self) -> frozenset[str]:
        """Return the names of all secrets."""
        return frozenset(secret.name for secret in self.secrets)


def snapshot(store: Store, repository: Repository) -> Snapshot:
    """Return the repository as it is now."""
    document = repositories.repository(store, repository.owner, repository.name)
    files = state.tree(store, repository.owner, repository.name, str(document["default_branch"]))
    workflows = frozenset((path, content) for path, content in files.items() if path.startswith(".github/"))
    return Snapshot(frozenset(_secrets(store, document)), workflows)


def _secrets(store: Store, document: Document) -> Iterator[Seen]:
    kinds = (StoreKind.REPOSITORY, StoreKind.DEPENDABOT, StoreKind.CODESPACES, StoreKind.AGENTS)
    places = [secret_stores.repository_place(store, kind, document) for kind in kinds]
    names = [environment["name"] for environment in repositories.environments(store, document["id"])]
    places += [secret_stores.repository_place(store, StoreKind.ENVIRONMENT, document, name) for name in names]
    for place in places:
        for entry in secret_stores.entries(store, place):
            yield Seen(place.scope, entry["name"], None, ())
    for kind in (StoreKind.ORGANISATION, StoreKind.ORGANISATION_DEPENDABOT):
        for entry in secret_stores.seen_by(store, document, kind):
            yield Seen(kind.value, entry["name"], entry["visibility"], tuple(sorted(entry["selected"])))
