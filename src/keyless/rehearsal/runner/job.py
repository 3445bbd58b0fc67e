"""What a run and a running job know and have: contexts, environment, files, annotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from keyless.model.codec import Json
from keyless.model.realm import Addresses
from keyless.rehearsal import issuer
from keyless.rehearsal.store import Document, Store

if TYPE_CHECKING:
    import httpx

ISSUER_BASE = "https://token.actions.rehearsal"
"""Where the issuer answers inside the process; the runner always runs beside the services."""
WARNING, FAILURE, NOTICE = "warning", "failure", "notice"


class Attester(Protocol):
    """Signs attestations in rehearsal."""

    def attest(self, claims: Mapping[str, object], filename: str, sha256: str) -> Document: ...


class Services(Protocol):
    """What the runner needs of the simulated services."""

    @property
    def store(self) -> Store: ...
    @property
    def addresses(self) -> Addresses: ...
    @property
    def sigstore(self) -> Attester: ...
    def transport(self) -> httpx.AsyncBaseTransport: ...


class StepFailed(Exception):
    """A step ends with "failure". What it had to say stands in the job's annotations already."""

    def __init__(self, message: str = "Process completed with exit code 1.") -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Said:
    """An annotation: `level` is "notice", "warning" or "failure", as GitHub's API says it."""

    level: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step went; times are the rehearsal's (UTC)."""

    name: str
    conclusion: str
    started_at: datetime
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run: the repository under its present name, the commit, the event."""

    services: Services
    run_id: int
    owner: str
    name: str
    repository_id: int
    owner_id: int
    private: bool
    path: str
    workflow_name: str
    event: str
    ref: str
    sha: str
    actor: str
    inputs: dict[str, Json]
    payload: dict[str, Json]
    files: Mapping[str, bytes]
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def repository(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def workflow_ref(self) -> str:
        return f"{self.repository}/{self.path}@{self.ref}"

    def github(self) -> dict[str, Json]:
        """Return the `github` context, as far as workflows that publish use it."""
        short = self.ref.removeprefix("refs/tags/").removeprefix("refs/heads/")
        return {
            "repository": self.repository,
            "repository_owner": self.owner,
            "repository_id": str(self.repository_id),
            "repository_owner_id": str(self.owner_id),
            "ref": self.ref,
            "ref_name": short,
            "ref_type": "tag" if self.ref.startswith("refs/tags/") else "branch",
            "head_ref": "",
            "base_ref": "",
            "sha": self.sha,
            "event_name": self.event,
            "event": self.payload,
            "actor": self.actor,
            "triggering_actor": self.actor,
            "workflow": self.workflow_name,
            "workflow_ref": self.workflow_ref,
            "run_id": str(self.run_id),
            "run_number": str(self.run_id),
            "run_attempt": "1",
            "server_url": "https://github.com",
            "api_url": "https://api.github.com",
            "token": "",
        }


@dataclass(slots=True)
class RunningJob:
    """A job while it runs. `workspace` maps paths to bytes; `id_token` says whether it may ask for an identity."""

    run: RunFacts
    id_token: bool
    environment: str | None
    system: str
    """"Linux", "macOS" or "Windows"."""
    in_container: bool
    workflow_path: str
    """The file whose text runs: differs from the run's own path inside a reusable workflow."""
    scope: dict[str, Json]
    env: dict[str, str]
    workspace: dict[str, bytes] = field(default_factory=dict)
    annotations: list[Said] = field(default_factory=list)
    outputs: dict[str, Json] = field(default_factory=dict)
    """The `steps` context."""
    status: str = "success"
    results: list[StepResult] = field(default_factory=list)
    request_token: str | None = None

    def say(self, level: str, title: str, message: str) -> None:
        """Leave an annotation on the job's check run."""
        self.annotations.append(Said(level, title, message))

    def contexts(self, env: Mapping[str, str]) -> dict[str, Json]:
        """Return every context for a step's expressions."""
        return {
            **self.scope,
            "env": {**env},
            "steps": self.outputs,
            "job": {"status": self.status},
            "runner": {"os": self.system, "arch": "X64", "temp": "/tmp", "name": "rehearsal"},  # noqa: S108
        }

    def conditions(self, env: Mapping[str, str]) -> dict[str, Json]:
        """Return the contexts that an `if` may use: all but the secrets."""
        return {name: value for name, value in self.contexts(env).items() if name != "secrets"}

    def claims(self) -> dict[str, str]:
        """Return the claims of this job's identity token."""
        run = self.run
        return issuer.job_claims(
            issuer.Job(
                repository=run.repository,
                repository_id=run.repository_id,
                owner_id=run.owner_id,
                workflow_path=run.path,
                workflow_name=run.workflow_name,
                ref=run.ref,
                sha=run.sha,
                event=run.event,
                actor=run.actor,
                run_id=run.run_id,
                run_number=run.run_id,
                environment=self.environment,
                visibility="private" if run.private else "public",
                job_workflow_ref=f"{run.repository}/{self.workflow_path}@{run.ref}",
            )
        )
