"""A release on an index, and the evidence about how it got there. Facts only; judging them is the room `proofs`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from keyless.model.github import Run, RunJob
from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.reading import Reading


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """One file of a release. `has_provenance` is None where the index does not say. Times are UTC, size in bytes."""

    filename: str
    sha256: str
    size: int
    uploaded_at: datetime
    yanked: bool
    has_provenance: bool | None


@dataclass(frozen=True, slots=True)
class Release:
    """Every file of one version."""

    index: Index
    project: str
    version: str
    files: tuple[ReleaseFile, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a signing certificate says about the run that made an attestation (Fulcio's OID 1.3.6.1.4.1.57264.1.N)."""

    issuer: str
    build_signer_uri: str
    runner_environment: str
    repository_uri: str
    source_digest: str
    source_ref: str
    repository_id: str
    owner_id: str
    build_config_uri: str
    build_config_digest: str
    trigger: str
    run_uri: str
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class AttestationFact:
    """One attestation of one file: the publisher that the index states, and whether the signature holds.

    `claims` are there only when everything cryptographic was verified; otherwise `refused` says what failed.
    `signed_at` is the log's time (UTC). `unverifiable`: nothing was found wrong, there was no trust root to judge by.
    """

    stated: Publisher | None
    predicate_type: str | None
    claims: Claims | None
    signed_at: datetime | None
    refused: str | None
    trust_root: str
    unverifiable: bool = False


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """A file, and its attestations as far as they could be read."""

    file: ReleaseFile
    attestations: Reading[tuple[AttestationFact, ...]]


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """The workflow run that seems to have made the release.

    `uses_token`: does the workflow's text at that commit hand a credential to the upload (None: could not tell).
    """

    run: Run
    jobs: tuple[RunJob, ...]
    uses_token: bool | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was found about one release."""

    release: Release
    files: tuple[FileEvidence, ...]
    run: Reading[RunEvidence]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a release must match to count as proof. `after` (UTC): uploads before it prove nothing about the change."""

    index: Index
    project: str
    publisher: Publisher
    after: datetime | None = None
    repository_id: int | None = None
    owner_id: int | None = None
    version: str | None = None
