"""A plan: what will be done, in order, as data. Each step carries what the plan saw, so that a moved world is noticed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from keyless.model.github import Repository, SecretEntry
from keyless.model.index import Index
from keyless.model.phase import Phase as Phase  # noqa: PLC0414  # a plan's word, also from here
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.workflow import FileChange


class Delivery(Enum):
    """How a change of the workflow reaches the default branch."""

    PULL_REQUEST = "pull-request"
    LOCAL = "local"


class BackupChoice(Enum):
    """What the operator chose to keep: the token itself, a freshly issued one, or nothing."""

    TOKEN = "token"
    NEW_TOKEN = "new-token"
    NONE = "none"


class Origin(Enum):
    """How sure it is that the token given is the one in the secret (GitHub never shows a value)."""

    SHOWN = "shown"
    BELIEVED = "believed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RegisterPublisher:
    """A person registers a publisher on the index. Nothing blocks here: the proof that it works is a release."""

    id: str
    index: Index
    project: str
    publisher: Publisher
    pending: bool


@dataclass(frozen=True, slots=True)
class ChangeWorkflow:
    """The token leaves the workflow files. `head` is the default branch's commit that the plan saw."""

    id: str
    repository: Repository
    base: str
    head: str
    branch: str
    changes: tuple[FileChange, ...]
    delivery: Delivery
    folder: str | None
    """The checkout's folder for LOCAL delivery."""


@dataclass(frozen=True, slots=True)
class DeleteBranch:
    """Delete the branch of a pull request of ours once it was merged: a branch that lives on can still be run (S3).

    `unmerged`: also when it was not merged; GitHub closes the pull request with it.
    """

    id: str
    repository: Repository
    branch: str
    unmerged: bool = False


@dataclass(frozen=True, slots=True)
class ProveRelease:
    """Wait for, and judge, a release that came through the publisher."""

    id: str
    index: Index
    project: str
    publisher: Publisher
    bar: Grade
    workflow_path: str


@dataclass(frozen=True, slots=True)
class SkippedProof:
    """A proof that the operator went on without, and the reason given: stands in the journal and the receipt."""

    id: str
    index: Index
    project: str
    reason: str


@dataclass(frozen=True, slots=True)
class BackupItem:
    """One secret that will be removed: what to keep of it, and for which projects of which index its token serves."""

    entry: SecretEntry
    choice: BackupChoice
    index: Index | None
    projects: tuple[str, ...]
    origin: Origin
    narrowed: bool
    holds_token: bool
    """False for a secret that is no token (a user name): the entry alone is kept."""


@dataclass(frozen=True, slots=True)
class SealBackup:
    """Take the tokens, check them, narrow them, seal them, and read the backup again from disk."""

    id: str
    repository: Repository
    items: tuple[BackupItem, ...]
    window_days: int


@dataclass(frozen=True, slots=True)
class RemoveSecret:
    """Delete one secret from one store, once nothing can still need it (S1, S2, S3)."""

    id: str
    entry: SecretEntry
    accepted: tuple[str, ...]
    """What may still read it and was accepted by the operator, in so many words (branches, expressions)."""


@dataclass(frozen=True, slots=True)
class UnselectRepository:
    """Take this repository off an organisation secret's list; the secret stays for the others."""

    id: str
    entry: SecretEntry
    repository: Repository
    repository_id: int
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """The migration is done and can be rolled back for `days` days."""

    id: str
    days: int


@dataclass(frozen=True, slots=True)
class RestoreSecret:
    """Put a removed secret back as it was: store, name, visibility, selected repositories."""

    id: str
    entry: SecretEntry
    backup: str
    """The backup's id."""


@dataclass(frozen=True, slots=True)
class SelectRepository:
    """Put this repository back on an organisation secret's list."""

    id: str
    entry: SecretEntry
    repository_id: int


@dataclass(frozen=True, slots=True)
class RestoreWorkflow:
    """Put the workflow files' old bytes back (each change's `before` is what is there now, `after` what was once)."""

    id: str
    repository: Repository
    base: str
    branch: str
    changes: tuple[FileChange, ...]
    delivery: Delivery
    folder: str | None


@dataclass(frozen=True, slots=True)
class CheckProof:
    """S2 once more before the point of no return: the newest release still came through the publisher."""

    id: str
    index: Index
    project: str
    publisher: Publisher
    bar: Grade
    workflow_path: str


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """A person removes exactly this token on the index; then the probe must say that it is gone.

    `identifier` None: no token was given, so only the person can say; the receipt claims no more than that.
    """

    id: str
    index: Index
    identifier: str | None
    secret: str
    backup: str | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class ShredBackup:
    """Destroy a backup's wrapped keys (S9)."""

    id: str
    backup: str


@dataclass(frozen=True, slots=True)
class CloseJourney:
    """The journey ends: `outcome` is "finished" or "rolled-back"."""

    id: str
    outcome: str


Step: TypeAlias = (
    RegisterPublisher
    | ChangeWorkflow
    | DeleteBranch
    | ProveRelease
    | SkippedProof
    | SealBackup
    | RemoveSecret
    | UnselectRepository
    | OpenWindow
    | RestoreSecret
    | SelectRepository
    | RestoreWorkflow
    | CheckProof
    | RevokeToken
    | ShredBackup
    | CloseJourney
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one phase for one repository, in order, made at `made_at` (UTC)."""

    phase: Phase
    repository: Repository
    steps: tuple[Step, ...]
    made_at: datetime
