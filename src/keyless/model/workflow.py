"""What workflows say: which step uploads where, with which credential, and how the text may change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from keyless.model.github import Repository
from keyless.model.index import Index


@dataclass(frozen=True, slots=True)
class Here:
    """Whose files are looked at: a call of this repository by its name is one of them. `branch` where it is known."""

    repository: Repository
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file: 1-based line and column; `job` and `step` (0-based) where it lies inside one."""

    path: str
    line: int
    column: int
    job: str | None = None
    step: int | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Target(Enum):
    """Where an upload goes. DEPENDS: an input or expression decides. OTHER: an index that is neither."""

    PYPI = "pypi"
    TESTPYPI = "testpypi"
    DEPENDS = "depends"
    OTHER = "other"

    @property
    def index(self) -> Index | None:
        """The index, when there is exactly one and it is PyPI's or TestPyPI's."""
        return {"pypi": Index.PYPI, "testpypi": Index.TESTPYPI}.get(self.value)


class Credential(Enum):
    """How an upload proves who it is. BOTH: trusted and token, which one wins depends on the run."""

    TOKEN = "token"
    TRUSTED = "trusted"
    BOTH = "both"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that reads a secret (or a variable) which ends up as the credential of an upload.

    `level` is where it is given: "step", "job", "workflow" or "action". `role` is "password", "username" or "both".
    """

    secret: str
    place: Place
    level: str
    role: str
    target: Target


@dataclass(frozen=True, slots=True)
class MayRead:
    """An expression that may read any secret (or one of several): cannot be proven unused (S3).

    `secret` is the name when it is known that exactly this one may be read, None when it may be any.
    """

    expression: str
    place: Place
    because: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class PublishStep:
    """A step that uploads to an index. `project` only when the text tells; `secrets` are the names it reads."""

    tool: str
    place: Place
    target: Target
    credential: Credential
    secrets: tuple[str, ...]
    environment: str | None
    project: str | None = None
    reusable: bool = False
    folder: str | None = None
    """The folder whose distributions are uploaded, where the step names one: a monorepo's project lies beside it."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file that could not be understood; what it holds is unknown, so it may read anything."""

    path: str
    because: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis: stable `identifier` (also its page in docs/findings/), severity "error", "warning" or "note"."""

    identifier: str
    severity: str
    place: Place
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class SecretRead:
    """A place that reads a secret and is no credential of an upload; it may break when the secret goes (S3).

    `condition`: it only looks whether the secret is there.
    """

    secret: str
    place: Place
    expression: str
    condition: bool


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that a set of files says about publishing."""

    publish_steps: tuple[PublishStep, ...] = ()
    references: tuple[Reference, ...] = ()
    may_read: tuple[MayRead, ...] = ()
    problems: tuple[FileProblem, ...] = ()
    findings: tuple[Finding, ...] = ()
    wanted: tuple[str, ...] = ()
    """Paths of files in the repository (scripts, local actions) that were named and not given."""
    other_reads: tuple[SecretRead, ...] = ()
    """Every other named read of any secret, so that S3 can ask for one that no upload here uses (any more)."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One connected change, and one sentence that says why."""

    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file before and after, byte for byte. `before_blob` is the git object id that the plan saw."""

    path: str
    before: bytes
    after: bytes
    hunks: tuple[Hunk, ...] = ()
    before_blob: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """A change that cannot be made safely: why, and the steps by hand for exactly this file."""

    path: str
    because: str
    by_hand: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """All changes that take the tokens out, and all that was declined."""

    changes: tuple[FileChange, ...] = ()
    declined: tuple[Declined, ...] = ()
