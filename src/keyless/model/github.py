"""Values from GitHub: repositories, stores and their secrets, files, branches, runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """`owner/name`, in the spelling that GitHub gives (publishers compare the name case-sensitively)."""

    owner: str
    name: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """What GitHub says of one repository. `admin` and `push` are what the asking token's user may do there."""

    repository: Repository
    id: int
    owner_id: int
    owner_is_organisation: bool
    default_branch: str
    private: bool
    archived: bool
    admin: bool
    push: bool


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose token keyless uses. `scopes` is None for a fine-grained or app token, which do not list theirs."""

    login: str
    scopes: tuple[str, ...] | None


class StoreKind(Enum):
    """GitHub's seven stores of secrets."""

    REPOSITORY = "repository"
    ENVIRONMENT = "environment"
    ORGANISATION = "organisation"
    DEPENDABOT = "dependabot"
    ORGANISATION_DEPENDABOT = "organisation-dependabot"
    CODESPACES = "codespaces"
    AGENTS = "agents"


@dataclass(frozen=True, slots=True)
class Store:
    """One place that holds secrets: `repository` is None for an organisation's, `environment` is set for one's."""

    kind: StoreKind
    owner: str
    repository: str | None = None
    environment: str | None = None

    def __str__(self) -> str:
        match self.kind:
            case StoreKind.REPOSITORY:
                return f"repository {self.owner}/{self.repository}"
            case StoreKind.ENVIRONMENT:
                return f"environment '{self.environment}' of {self.owner}/{self.repository}"
            case StoreKind.ORGANISATION:
                return f"organisation {self.owner}"
            case StoreKind.ORGANISATION_DEPENDABOT:
                return f"Dependabot of organisation {self.owner}"
            case StoreKind.DEPENDABOT | StoreKind.CODESPACES | StoreKind.AGENTS:
                return f"{self.kind.value.title()} of {self.owner}/{self.repository}"


class Visibility(Enum):
    """Which repositories of an organisation see a secret of it."""

    ALL = "all"
    PRIVATE = "private"
    SELECTED = "selected"


@dataclass(frozen=True, slots=True)
class Selected:
    """A repository on an organisation secret's list."""

    id: int
    repository: Repository


@dataclass(frozen=True, slots=True)
class Environment:
    """A GitHub environment. `rules` are the kinds of its protection, sorted, like "required_reviewers"."""

    name: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretEntry:
    """A secret's entry in a store. Its value can never be read; `updated_at` (UTC) is the only sign of a change.

    `visibility` is None outside an organisation's store; `selected` is filled only when it is SELECTED.
    """

    store: Store
    name: str
    created_at: datetime
    updated_at: datetime
    visibility: Visibility | None = None
    selected: tuple[Selected, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch and the commit that it points at."""

    name: str
    commit: str
    committed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A text file of the repository as bytes, exactly; `blob` is its git object id, None when read from a folder."""

    path: str
    content: bytes
    blob: str | None = None


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A proposed change. `state` is "open", "closed" or "merged"."""

    number: int
    url: str
    state: str
    head: str
    merge_commit: str | None = None
    merged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunStep:
    """One step of a job; `conclusion` is GitHub's word ("success", "failure", "skipped", …) or None while it runs."""

    number: int
    name: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Annotation:
    """What an action said about itself on its check run: the publish action's traces of a token are here."""

    level: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class RunJob:
    """One job of a run's attempt."""

    id: int
    name: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None
    steps: tuple[RunStep, ...]
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow run. `path` is the workflow file's path, `head_sha` the commit whose text ran."""

    id: int
    attempt: int
    path: str
    event: str
    head_branch: str | None
    head_sha: str
    status: str
    conclusion: str | None
    created_at: datetime
    updated_at: datetime
    url: str
    referenced: tuple[str, ...] = ()
