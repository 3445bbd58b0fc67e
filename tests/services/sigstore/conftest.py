"""A stand-in for Sigstore with its own trust root, one true attestation, and a verifier for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.release import AttestationFact, ReleaseFile
from keyless.rehearsal.issuer import Job, job_claims
from keyless.rehearsal.sigstore import SigstoreStandIn
from keyless.rehearsal.sigstore.standin import provenance
from keyless.rehearsal.store import Store
from keyless.services.sigstore import SigstoreVerifier

PUBLISHER = Publisher("shap", "shap", "release.yml", "pypi")
JOB = Job(
    repository="shap/shap",
    repository_id=70011,
    owner_id=70002,
    workflow_path=".github/workflows/release.yml",
    workflow_name="Release",
    ref="refs/tags/v0.47.0",
    sha="baace0f6" * 5,
    event="release",
    actor="maintainer",
    run_id=12169989787,
    environment="pypi",
)
FILENAME = "shap-0.47.0.tar.gz"
DIGEST = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3"


@dataclass
class Bench:
    """Makes provenance, true or changed, and has it verified."""

    store: Store
    folder: Path
    standin: SigstoreStandIn = field(init=False)

    def __post_init__(self) -> None:
        self.standin = SigstoreStandIn(self.store)
        (self.folder / "trusted_root.json").write_bytes(self.standin.trust_root())

    @property
    def file(self) -> ReleaseFile:
        return ReleaseFile(FILENAME, DIGEST, 1000, self.store.now(), yanked=False, has_provenance=True)

    def attest(self, filename: str = FILENAME, digest: str = DIGEST, **job: Any) -> dict[str, Any]:
        predicate = {"predicate_type": job.pop("predicate_type")} if "predicate_type" in job else {}
        return self.standin.attest(job_claims(replace(JOB, **job)), filename, digest, **predicate)

    def provenance(self, *attestations: dict[str, Any], publisher: Publisher = PUBLISHER) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(json.dumps(provenance(publisher, attestations or (self.attest(),))))
        return made

    def verify(
        self,
        document: dict[str, Any] | bytes,
        file: ReleaseFile | None = None,
        root: str = "trusted_root.json",
        now: datetime | None = None,
    ) -> tuple[AttestationFact, ...]:
        verifier = SigstoreVerifier(self.folder / root, Index.PYPI, lambda: now or self.store.now())
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        return verifier.attestations(text, file or self.file)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    store = Store()
    yield Bench(store, tmp_path)
    store.close()
