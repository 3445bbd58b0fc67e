"""What a backup holds, and the lease that bounds it in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from keyless.model.github import Repository, SecretEntry
from keyless.model.index import Index
from keyless.model.workflow import FileChange
from keyless.secret import Secret


@dataclass(frozen=True, slots=True)
class Lease:
    """From when until when (UTC) a backup may be used."""

    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BackupSubject:
    """What a backup is for: stands readable in its header, so it holds nothing secret."""

    realm: str
    repository: Repository
    journey: str
    projects: tuple[str, ...]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """One secret as it was in its store, and the token that would go back into it.

    `origin` is "shown", "believed" or "unknown": how sure the operator is that this token is the one in the secret.
    `narrowed`: the token is a copy that the index itself refuses after the lease. `token` is None when only the entry
    is kept (the operator declined, or the secret is no token, like a user name). `index` and `token_identifier` say
    which token it is.
    """

    entry: SecretEntry
    token: Secret | None = field(repr=False)
    narrowed: bool
    origin: str
    index: Index | None
    token_identifier: str | None


@dataclass(frozen=True, slots=True)
class KeptWorkflow:
    """The workflow files before and after, and the commits between which the change lies."""

    changes: tuple[FileChange, ...]
    branch: str
    commit_before: str | None
    commit_after: str | None


@dataclass(frozen=True, slots=True)
class BackupContents:
    """Everything that `rollback` needs with nothing else at hand."""

    subject: BackupSubject
    secrets: tuple[KeptSecret, ...]
    workflow: KeptWorkflow | None
    made_by: str
    """The version of keyless that made it."""


@dataclass(frozen=True, slots=True)
class BackupHeader:
    """What a backup's header says. Authenticated only once the backup was opened; until then a claim (S8)."""

    version: int
    id: str
    subject: BackupSubject
    lease: Lease
    slots: tuple[str, ...]
    """The kind of each key slot, in words."""
