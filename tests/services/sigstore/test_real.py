"""PyPI's own provenance of December 2024, verified without a network under the production root in sigstore's package."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.release import ReleaseFile
from keyless.services.sigstore import SigstoreVerifier

FOLDER = Path(os.environ.get("KEYLESS_REAL_DATA") or Path(__file__).parents[4] / "shared" / "real")
NAME = "pypi_attestations-0.0.19.tar.gz"
FILE = ReleaseFile(
    NAME,
    "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3",
    1,
    datetime(2024, 12, 4, 23, 14, 5, tzinfo=UTC),
    yanked=False,
    has_provenance=True,
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def provenance():
    path = FOLDER / "provenance" / f"{NAME}.provenance.json"
    if not path.is_file():
        pytest.skip("the real provenance is not here (KEYLESS_REAL_DATA names its folder)")
    return json.loads(path.read_bytes())


def verify(document, file=FILE, now=NOW, **more):
    verifier = SigstoreVerifier(None, Index.PYPI, lambda: now, **{"refresh": False, **more})
    return verifier.attestations(json.dumps(document).encode(), file)


def test_real_provenance_verifies_under_the_packaged_root(provenance):
    (fact,) = verify(provenance)
    assert fact.refused is None
    assert fact.stated == Publisher("trailofbits", "pypi-attestations", "release.yml", None)
    assert fact.signed_at == datetime(2024, 12, 4, 23, 14, 1, tzinfo=UTC)
    assert fact.claims.run_uri.endswith("/actions/runs/12169989787/attempts/1")
    assert fact.claims.source_digest == "08802efe1f8e5fec4ad842d6b8ce97656092ee72"
    assert fact.claims.environment is None
    assert "packaged" in fact.trust_root


def test_without_a_network_a_refresh_ends_with_the_packaged_root(provenance, monkeypatch, tmp_path):
    for variable in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    (fact,) = verify(provenance, refresh=True)
    assert fact.refused is None
    assert "packaged" in fact.trust_root


@pytest.mark.parametrize(
    "changed",
    [{"sha256": "0" * 64}, {"filename": "pypi_attestations-0.0.20.tar.gz"}, {"filename": "other-0.0.19.tar.gz"}],
    ids=["digest", "version", "name"],
)
def test_real_provenance_is_of_this_file_only(provenance, changed):
    (fact,) = verify(provenance, replace(FILE, **changed))
    assert fact.claims is None
    assert fact.refused


@pytest.mark.parametrize(("field", "value"), [("repository", "trailofbits/PyPI-attestations"), ("workflow", "x.yml")])
def test_a_publisher_that_the_certificate_does_not_name_is_refused(provenance, field, value):
    provenance["attestation_bundles"][0]["publisher"][field] = value
    (fact,) = verify(provenance)
    assert fact.refused


def test_real_provenance_under_another_root_is_refused(provenance, bench):
    (fact,) = bench.verify(provenance, FILE)
    assert fact.claims is None
    assert fact.refused


def test_a_poisoned_cache_folder_is_not_believed(provenance, bench, monkeypatch, tmp_path):
    """sigstore's offline mode would take this file on its word; keyless reads the one in the package."""
    for variable in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    cached = tmp_path / "home" / "sigstore-python" / "tuf" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
    cached.mkdir(parents=True)
    (cached / "trusted_root.json").write_bytes(bench.standin.trust_root())

    from sigstore.models import ClientTrustConfig

    poisoned = ClientTrustConfig.production(offline=True).trusted_root
    assert {authority.subject.organization for authority in poisoned._inner.certificate_authorities} != {"sigstore.dev"}
    for refresh in (False, True):
        verifier = SigstoreVerifier(None, Index.PYPI, bench.store.now, refresh=refresh)
        (fact,) = verifier.attestations(json.dumps(bench.provenance()).encode(), bench.file)
        assert fact.claims is None
        assert fact.refused
        (true,) = verify(provenance, refresh=refresh)
        assert true.refused is None
