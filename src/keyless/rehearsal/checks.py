"""What a rehearsal checks of itself, against the simulated services and not against what keyless says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from keyless.model.github import Repository
from keyless.model.index import Index, normalise
from keyless.model.receipt import Receipt
from keyless.model.table import Table
from keyless.rehearsal.github import repositories, state
from keyless.rehearsal.index.files import files
from keyless.rehearsal.runner.builds import projects as projects_in
from keyless.rehearsal.snapshot import Snapshot
from keyless.rehearsal.store import Store


class CheckFailed(Exception):
    """Something did not hold that has to: a bug in keyless or in its rehearsal."""


class Releaser(Protocol):
    """Makes a release as a repository does: a person of this process's world, or the helper of a served one."""

    async def release(self, repository: Repository, index: Index, *, project: str | None = None) -> object: ...


@dataclass(slots=True)
class Checks:
    """Collects what was checked, and whether it held."""

    held: list[tuple[str, bool]] = field(default_factory=list)

    def add(self, what: str, held: bool) -> None:
        """Remember one check."""
        self.held.append((what, held))

    def removed(self, repository: Repository, before: Snapshot, after: Snapshot) -> None:
        """Check that a migration took secrets away."""
        gone = ", ".join(sorted(before.names() - after.names()))
        self.add(f"{repository}: {gone or 'no secret'} gone after the migration", bool(gone))

    def restored(self, repository: Repository, before: Snapshot, after: Snapshot) -> None:
        """Check that a rollback gave everything back (S4)."""
        same = before.secrets == after.secrets
        self.add(f"{repository}: the rollback gave back names, stores, visibility, lists", same)
        same = before.workflows == after.workflows
        self.add(f"{repository}: the rollback gave back the workflow byte for byte", same)

    def ended(self, receipt: Receipt, backups_left: int) -> None:
        """Check that what was given to keyless is dead and destroyed."""
        alive = [token for token in receipt.tokens if token.identifier and token.end != "proven gone"]
        self.add(f"{receipt.repository}: every token that was given is proven to be gone", not alive)
        self.add(f"{receipt.repository}: its backup is shredded", not backups_left)

    async def release(
        self, store: Store, releaser: Releaser, repository: Repository, how: str, *, trusted: bool
    ) -> None:
        """Make a release on PyPI and check that it went out, and whether with a publisher or with a token."""
        projects = published_projects(store, repository)
        before = {row["filename"] for name in projects for row in files(store, Index.PYPI, name)}
        for name in projects:
            await releaser.release(repository, Index.PYPI, project=name if len(projects) > 1 else None)
        fresh = [r for name in projects for r in files(store, Index.PYPI, name) if r["filename"] not in before]
        through = {bool(row["trusted"]) for row in fresh}
        self.add(f"{repository}: a release goes out {how}", through == {trusted})

    def table(self) -> Table:
        """Return the summary."""
        rows = tuple(("held" if held else "DID NOT HOLD", what) for what, held in self.held)
        return Table("checked", "What was checked", ("", "check"), rows)

    def require_all(self) -> None:
        """Raise CheckFailed when anything did not hold."""
        failed = [what for what, held in self.held if not held]
        if failed:
            raise CheckFailed("; ".join(failed))


def published_projects(store: Store, repository: Repository) -> list[str]:
    """Return the names of the projects in a repository that PyPI knows."""
    document = repositories.repository(store, repository.owner, repository.name)
    tree = state.tree(store, repository.owner, repository.name, str(document["default_branch"]))
    return [
        normalise(name) for name in projects_in(tree).values() if name and files(store, Index.PYPI, normalise(name))
    ]
