"""Real attestations (real/ORIGIN.md), verified without a network under the production root in sigstore's package."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyless.model.index import Index
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Unreadable
from keyless.model.release import Evidence, Expectation, FileEvidence, Release, ReleaseFile
from keyless.proofs import judge
from keyless.services.sigstore import SigstoreVerifier

FOLDER = Path(__file__).parent / "real"
NAME = "pypi_attestations-0.0.19.tar.gz"
FILE = ReleaseFile(
    NAME,
    "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3",
    1,
    datetime(2024, 12, 4, 23, 14, 5, tzinfo=UTC),
    yanked=False,
    has_provenance=True,
)
PUBLISHER = Publisher("trailofbits", "pypi-attestations", "release.yml", None)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OTHERS = {
    "slsa": (f"{NAME}.slsa.attestation", FILE.sha256, PUBLISHER),
    "former-name": (
        "pypi_attestation_models-0.0.4a2.tar.gz.attestation",
        "c9709ce6fd5b67b59b4a28758cf14d3f411803c4b89b6068b1f1a8e4ee94c8ef",
        replace(PUBLISHER, repository="pypi-attestation-models"),
    ),
    "gitlab": (
        "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
        "c1ca9b0d85df1606451098233018534497bf584362e10e4a8c21dfaea92c02a8",
        Publisher("facutuesca", "gitlab-oidc-project", "release.yml"),
    ),
    "staging": (
        "rfc8785-0.1.2-py3-none-any.whl.publish.attestation",
        "c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201",
        Publisher("trailofbits", "rfc8785.py", "release.yml"),
    ),
    "staging-tags": (
        "spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl.publish.attestation",
        "d2772f9a5199f05ed1be8d9aa78b879e51772e3ead9d73fe8057257b1aec7cf8",
        Publisher("CMB-S4", "spt3g_software", "wheels.yaml"),
    ),
}


@pytest.fixture
def provenance():
    return json.loads((FOLDER / f"{NAME}.provenance").read_bytes())


def verify(document, file=FILE, now=NOW, index=Index.PYPI, **more):
    verifier = SigstoreVerifier(None, index, lambda: now, **{"refresh": False, **more})
    return verifier.attestations(json.dumps(document).encode(), file)


def other(which, **publisher):
    """One of the other attestations as an index would give it, and the file that it is about."""
    name, sha256, stated = OTHERS[which]
    publisher = publisher or {
        "kind": "GitHub",
        "repository": f"{stated.owner}/{stated.repository}",
        "workflow": stated.workflow,
        "environment": None,
    }
    attestation = json.loads((FOLDER / name).read_bytes())
    filename = name.removesuffix(".attestation").removesuffix(".publish").removesuffix(".slsa")
    document = {"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": [attestation]}]}
    return document, replace(FILE, filename=filename, sha256=sha256)


def test_real_provenance_verifies_under_the_packaged_root(provenance):
    (fact,) = verify(provenance)
    assert fact.refused is None
    assert fact.stated == PUBLISHER
    assert fact.signed_at == datetime(2024, 12, 4, 23, 14, 1, tzinfo=UTC)
    assert fact.claims.run_uri.endswith("/actions/runs/12169989787/attempts/1")
    assert fact.claims.source_digest == "08802efe1f8e5fec4ad842d6b8ce97656092ee72"
    assert fact.claims.environment is None
    assert "packaged" in fact.trust_root


def test_real_provenance_is_attested_and_only_for_its_publisher(provenance):
    release = Release(Index.PYPI, "pypi-attestations", "0.0.19", (FILE,))
    facts = FileEvidence(FILE, Found(verify(provenance)))
    evidence = Evidence(release, (facts,), Unreadable("the run", "GitHub was not asked"), NOW)
    expected = Expectation(
        Index.PYPI, "pypi-attestations", PUBLISHER, repository_id=772247423, owner_id=2314423, version="0.0.19"
    )
    assert judge(evidence, expected).grade is Grade.ATTESTED
    for wrong in (
        replace(PUBLISHER, repository="PyPI-attestations"),
        replace(PUBLISHER, workflow="release.yaml"),
        replace(PUBLISHER, environment="pypi"),
    ):
        assert judge(evidence, replace(expected, publisher=wrong)).grade is Grade.NONE
    assert judge(evidence, replace(expected, after=NOW)).grade is Grade.NONE


def test_real_slsa_provenance_and_a_project_under_its_former_name_verify():
    for which, predicate in (("slsa", "https://slsa.dev/provenance/v1"), ("former-name", None)):
        (fact,) = verify(*other(which))
        assert fact.refused is None
        assert predicate in (None, fact.predicate_type)
        assert fact.claims.build_config_digest == fact.claims.source_digest


def test_a_project_under_its_former_name_is_not_the_one_under_its_new_name():
    """GitHub redirects the old name; the certificate still says it, and PyPI compares it."""
    _, _, stated = OTHERS["former-name"]
    renamed = {"kind": "GitHub", "repository": "trailofbits/pypi-attestations", "workflow": stated.workflow}
    (fact,) = verify(*other("former-name", **renamed))
    assert "OIDCSourceRepositoryURI" in fact.refused


def test_a_real_attestation_of_gitlab_is_refused_whatever_the_index_states():
    stated = {"kind": "GitLab", "repository": "facutuesca/gitlab-oidc-project", "workflow_filepath": ".gitlab-ci.yml"}
    (as_it_is,) = verify(*other("gitlab", **stated))
    (disguised,) = verify(*other("gitlab"))
    assert "GitLab's, not GitHub's" in as_it_is.refused
    assert "OIDCIssuerV2" in disguised.refused
    assert as_it_is.claims is disguised.claims is None


@pytest.mark.parametrize("index", list(Index))
@pytest.mark.parametrize("which", ["staging", "staging-tags"])
def test_what_was_signed_under_the_staging_root_proves_nothing_on_either_index(which, index):
    """Both indexes take attestations under the production root only; the reason says what is the matter."""
    (fact,) = verify(*other(which), index=index)
    assert fact.claims is None
    assert "staging" in fact.refused


def test_without_a_network_a_refresh_ends_with_the_packaged_root(provenance, monkeypatch, tmp_path):
    for variable in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    (fact,) = verify(provenance, refresh=True)
    assert fact.refused is None
    assert "packaged" in fact.trust_root


def test_the_packaged_root_needs_no_socket(provenance, monkeypatch):
    """`verify --from` works with no network at all."""

    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    (fact,) = verify(provenance)
    monkeypatch.setattr(socket, "socket", refuse)
    assert verify(provenance) == (fact,)


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
        assert verifier.root()[1] != bench.standin.trust_root()
        (true,) = verify(provenance, refresh=refresh)
        assert true.refused is None
