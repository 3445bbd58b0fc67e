"""The file of a rehearsal's world: people, repositories, secrets, tokens, publishers and what happened before.

A world is data for people to read and write: one YAML file with a `story`. Unknown keys are an error that names them.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.index import Index

LARGEST = 256 * 1024
"""Bytes."""
FullName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_.-]+$")]


AnswerFile = str | bool | int | tuple[str, ...]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AccountFile(_Part):
    """A person's account on one index. Without a password one is made up."""

    user: str
    password: str | None = None


class PersonFile(_Part):
    """One person: the GitHub token that they would give keyless, and their accounts."""

    name: str = ""
    scopes: tuple[str, ...] | None = ("repo", "workflow", "admin:org", "read:org")
    permissions: dict[str, Literal["read", "write"]] | None = None
    """Given instead of scopes: then the token is a fine-grained one."""
    github_token: bool = True
    pypi: AccountFile | None = None
    testpypi: AccountFile | None = None


class HowReleased(_Part):
    """What a maintainer does to release on one index, and what GitHub starts for it."""

    event: Literal["release", "push", "workflow_dispatch"]
    tag: str = "v{version}"
    workflow: str | None = None
    inputs: dict[str, str | bool] = {}


class RepositoryFile(_Part):
    """A repository with its files; `members` have a role, `publishing` says how it releases on each index."""

    private: bool = False
    default_branch: str = "main"
    members: dict[str, Literal["admin", "write", "read"]] = {}
    environments: tuple[str, ...] = ()
    files: dict[str, str] = {}
    branches: dict[str, dict[str, str]] = {}
    publishing: dict[Index, HowReleased] = {}


class ProjectFile(_Part):
    """A project by its name, on each index with its owners and maintainers (names of accounts)."""

    pypi: tuple[str, ...] = ()
    testpypi: tuple[str, ...] = ()
    pypi_maintainers: tuple[str, ...] = ()


class TokenFile(_Part):
    """An API token: for one project, or for the whole account where none is named. `lost`: nobody has its text."""

    index: Index
    user: str
    project: str | None = None
    description: str
    lost: bool = False


class SecretFile(_Part):
    """A secret on GitHub: what is in it and in which store it lies. One of `repository` and `organisation` is given."""

    name: str
    token: str | None = None
    value: str | None = None
    repository: FullName | None = None
    environment: str | None = None
    organisation: str | None = None
    store: Literal["actions", "dependabot", "codespaces"] = "actions"
    visibility: Literal["all", "private", "selected"] | None = None
    selected: tuple[str, ...] = ()


class PublisherFile(_Part):
    """A trusted publisher as somebody registered it, rightly or wrongly."""

    index: Index
    project: str
    repository: FullName
    workflow: str
    environment: str | None = None


class PastFile(_Part):
    """Something that happened `days_ago`: files were committed, publishers registered, and a version released."""

    days_ago: float = Field(gt=0, lt=3000)
    repository: FullName
    by: str
    files: dict[str, str] = {}
    publishers: tuple[PublisherFile, ...] = ()
    project: str | None = None
    version: str | None = None
    indexes: tuple[Index, ...] = (Index.PYPI,)


class WorldFile(_Part):
    """A whole world. `operator` is who uses keyless in it, and `migrate` the repositories worth migrating, in order.

    `answers` are what the operator says when the rehearsal plays by itself, by question; where a question is asked for
    several things, by what it is asked about ("publish.yml/core@pypi", a secret's name).
    """

    version: Literal[1]
    name: str
    title: str
    story: str
    operator: str
    migrate: tuple[FullName, ...]
    answers: dict[str, AnswerFile | dict[str, AnswerFile]] = {}
    people: dict[str, PersonFile]
    organisations: dict[str, dict[str, Literal["admin", "member"]]] = {}
    repositories: dict[FullName, RepositoryFile]
    projects: dict[str, ProjectFile]
    tokens: dict[str, TokenFile] = {}
    secrets: tuple[SecretFile, ...] = ()
    publishers: tuple[PublisherFile, ...] = ()
    history: tuple[PastFile, ...] = ()


def full_name(text: str) -> Repository:
    """Return "owner/name" as a repository."""
    owner, _, name = text.partition("/")
    return Repository(owner, name)


def shipped() -> tuple[str, ...]:
    """Return the names of the worlds that come with keyless, sorted."""
    folder = resources.files(__package__ or "keyless.rehearsal") / "worlds"
    return tuple(sorted(file.name.removesuffix(".yml") for file in folder.iterdir() if file.name.endswith(".yml")))


def read_world(where: str | Path) -> WorldFile:
    """Return a world by the name of a shipped one or the path of a file. Raises UsageError."""
    if isinstance(where, str) and where in shipped():
        file = resources.files(__package__ or "keyless.rehearsal") / "worlds" / f"{where}.yml"
        return parse_world(file.read_bytes(), f"{where}.yml")
    try:
        content = Path(where).read_bytes()
    except OSError as error:
        raise UsageError(
            f"There is no world '{where}': it is neither a shipped one nor a file that can be read.",
            hint=f"Shipped worlds: {', '.join(shipped())}.",
        ) from error
    return parse_world(content, str(where))


def parse_world(content: bytes, what: str) -> WorldFile:
    """Return the world in a file's bytes; `what` names it in errors. Raises UsageError."""
    if len(content) > LARGEST:
        raise UsageError(f"The world {what} is larger than {LARGEST // 1024} KiB.")
    try:
        return WorldFile.model_validate(yaml.safe_load(content))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"The world {what} cannot be used: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"at '{place}': {first['msg']}" if place else first["msg"]
    return "it is not YAML" if isinstance(error, yaml.YAMLError) else str(error)
