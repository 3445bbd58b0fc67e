"""The ports: what keyless needs from the outside, in its own words. Adapters live beside this file.

All of them are asynchronous and raise only KeylessError: TryLater for a service that is down or limits us (after the
retry policy gave up), NotAllowed for a credential or permission that is missing, StalePlan for a write that the world's
state refuses (expected head moved, repository renamed). A read that cannot be answered is an `Unreadable`, not an error,
wherever the return type has room for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a clock is all that `keyless status` needs of this room, and its start is measured
    from collections.abc import Sequence
    from datetime import datetime

    from keyless.model.github import (
        Branch,
        Environment,
        PullRequest,
        Repository,
        RepositoryFacts,
        Run,
        RunJob,
        SecretEntry,
        SourceFile,
        Store,
        Viewer,
        Visibility,
    )
    from keyless.model.index import Index
    from keyless.model.preflight import Identity, Minted, Reach
    from keyless.model.reading import Reading
    from keyless.model.refusal import Refusal
    from keyless.model.release import AttestationFact, Release, ReleaseFile
    from keyless.model.token import Probe
    from keyless.model.workflow import FileChange
    from keyless.secret import Secret


class Clock(Protocol):
    """Time. `now` is the latest of the local clock, the last time seen and the services' `Date` headers (UTC)."""

    def now(self) -> datetime: ...
    def saw(self, moment: datetime, source: str = "") -> None:
        """Remember a time that a service stated; `source` is the service's name, so that two can confirm each other."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class GitHub(Protocol):
    """GitHub, as far as keyless uses it."""

    requests: int
    """How many requests were sent so far; a 304 counts."""

    async def viewer(self) -> Viewer:
        """Return whose token this is. Raises NotAllowed when it is none."""
        ...

    async def repository(self, repository: Repository) -> Reading[RepositoryFacts]:
        """Return the repository, under its present name if it was renamed (the caller compares)."""
        ...

    async def repositories(self, owner: str) -> Reading[tuple[RepositoryFacts, ...]]:
        """Return all repositories of an organisation or user that the token can see, archived ones included."""
        ...

    async def branches(self, repository: Repository) -> Reading[tuple[Branch, ...]]: ...

    async def automation(self, repository: Repository, commit: str) -> Reading[tuple[SourceFile, ...]]:
        """Return the files under .github/workflows and .github/actions at `commit` (each distinct blob read once)."""
        ...

    async def files(self, repository: Repository, commit: str, paths: Sequence[str]) -> tuple[Reading[SourceFile], ...]:
        """Return named files at `commit`, in the order asked for. Missing: it is not there at that commit."""
        ...

    async def last_change(self, repository: Repository, commit: str, path: str) -> Reading[datetime]:
        """Return when the newest commit up to `commit` that changed `path` was made (UTC)."""
        ...

    async def environments(self, repository: Repository) -> Reading[tuple[str, ...]]: ...

    async def protection(self, repository: Repository) -> Reading[tuple[Environment, ...]]:
        """Return the environments with what guards them."""
        ...

    async def secrets(self, store: Store) -> Reading[tuple[SecretEntry, ...]]:
        """Return the entries of one store. An organisation's entries come with visibility and selected repositories."""
        ...

    async def organisation_secrets_seen(self, repository: Repository) -> Reading[tuple[SecretEntry, ...]]:
        """Return the organisation secrets that this repository sees; `selected` stays empty here."""
        ...

    async def put_secret(
        self,
        store: Store,
        name: str,
        value: Secret,
        *,
        visibility: Visibility | None = None,
        selected_ids: Sequence[int] = (),
    ) -> None:
        """Create or replace a secret: fetches the store's public key and sends a sealed box (S7)."""
        ...

    async def delete_secret(self, store: Store, name: str) -> None:
        """Delete a secret. Deleting one that is gone already is no error; the caller confirms by listing."""
        ...

    async def unselect(self, store: Store, name: str, repository_id: int) -> None:
        """Take one repository off an organisation secret's list."""
        ...

    async def select(self, store: Store, name: str, repository_id: int) -> None:
        """Put one repository on an organisation secret's list."""
        ...

    async def propose(
        self,
        repository: Repository,
        *,
        branch: str,
        base: str,
        expected_head: str,
        changes: Sequence[FileChange],
        title: str,
        body: str,
    ) -> PullRequest:
        """Create `branch` at `expected_head`, one commit with all changes on it, and a pull request into `base`.

        Running it again with the same branch finds the pull request instead of making another. Raises StalePlan when
        `base` has moved off `expected_head`.
        """
        ...

    async def delete_branch(self, repository: Repository, branch: str) -> None:
        """Delete a branch. Deleting one that is gone already is no error; the caller confirms by listing."""
        ...

    async def pull_request(self, repository: Repository, number: int) -> Reading[PullRequest]: ...

    async def find_pull_request(self, repository: Repository, branch: str) -> Reading[PullRequest]:
        """Return the newest pull request whose head is `branch`, in any state."""
        ...

    async def runs(self, repository: Repository, workflow_path: str, since: datetime) -> Reading[tuple[Run, ...]]:
        """Return the runs of a workflow file created at or after `since`, newest first, first page only."""
        ...

    async def run(self, repository: Repository, run_id: int, attempt: int | None = None) -> Reading[Run]: ...

    async def jobs(self, repository: Repository, run_id: int, attempt: int) -> Reading[tuple[RunJob, ...]]:
        """Return the jobs of one attempt with steps and the annotations of each job's check run."""
        ...

    async def leaked_tokens(self, repository: Repository) -> Reading[int]:
        """Return how many open secret-scanning alerts are for PyPI tokens; never their values."""
        ...


class PackageIndex(Protocol):
    """PyPI or TestPyPI, as far as keyless uses it. It never uploads."""

    index: Index

    @property
    def requests(self) -> int:
        """How many requests were sent so far; a 304 counts."""
        ...

    async def versions(self, project: str) -> Reading[tuple[Release, ...]]:
        """Return every release with its files, newest upload first, from the simple API in one request."""
        ...

    async def provenance(self, project: str, version: str, filename: str) -> Reading[bytes]:
        """Return a file's provenance as the index gave it. Missing only for the index's own "no provenance"."""
        ...

    async def probe(self, token: Secret) -> Probe:
        """Say whether the index knows the token, by the empty upload form (facts: nothing is uploaded or created)."""
        ...

    async def trial(self, token: Secret, project: str, version: str) -> Probe:
        """Say whether the index accepts the token for a release that is there: ALIVE, or GONE when it refuses it.

        By a complete form for a file of no possible kind, refused after the token was judged and before anything is kept
        (facts). `project` and `version` have to be there: the index makes a missing project.
        """
        ...


class Exchange(Protocol):
    """Trusted publishing's exchange with one index. Minting creates the project of a pending publisher that fits."""

    async def audience(self) -> str:
        """Return whom an identity has to be made for. Raises TryLater when the index does not say."""
        ...

    async def mint(self, identity: Secret) -> Minted | Refusal:
        """Exchange a job's identity for an upload token, or return why the index does not. Raises TryLater."""
        ...

    async def reach(self, token: Secret, project: str, version: str) -> tuple[Reach, str]:
        """Say whether a minted token may upload to a project with an existing version; nothing is uploaded."""
        ...


class JobIdentity(Protocol):
    """The GitHub Actions job in which this program runs."""

    def require(self) -> None:
        """Raise UsageError outside of a job, NotAllowed in one that may have no identity."""
        ...

    async def ask(self, audience: str) -> Identity:
        """Return the job's identity for one audience. Raises what `require` raises, and TryLater."""
        ...


class Verifier(Protocol):
    """Sigstore: turns provenance into facts. It judges signatures, not whether the publisher is the right one."""

    def attestations(self, provenance: bytes, file: ReleaseFile) -> tuple[AttestationFact, ...]:
        """Return one fact for each attestation. Raises nothing: what cannot be verified says so in `refused`."""
        ...

    def root(self) -> tuple[str, bytes]:
        """Return which trust root is used, in words, and its text, to be kept beside evidence. Raises UsageError."""
        ...
