"""A stand-in, a run's claims, and sigstore's own verifier over the stand-in's trust root."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from keyless.rehearsal.issuer import Job, job_claims
from keyless.rehearsal.sigstore import SigstoreStandIn
from keyless.rehearsal.store import Store

RELEASE = Job(
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
FILE = "shap-0.47.0.tar.gz"
DIGEST = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3"


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


@pytest.fixture
def standin(store: Store) -> SigstoreStandIn:
    return SigstoreStandIn(store)


@pytest.fixture
def claims() -> dict[str, str]:
    return job_claims(RELEASE)


@pytest.fixture
def verifier_for(tmp_path) -> Callable[[SigstoreStandIn], Verifier]:
    def make(standin: SigstoreStandIn) -> Verifier:
        path = tmp_path / "trusted_root.json"
        path.write_bytes(standin.trust_root())
        return Verifier(trusted_root=TrustedRoot.from_file(str(path)))

    return make
