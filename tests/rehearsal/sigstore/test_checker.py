"""What an index says to the attestations of an upload: PyPI's checks, in PyPI's order and words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pypi_attestations import Provenance

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.rehearsal.sigstore import AttestationRefused, SigstoreStandIn, StandInChecker
from keyless.rehearsal.store import Store
from tests.rehearsal.sigstore.conftest import DIGEST, FILE

PUBLISHER = Publisher("shap", "shap", "release.yml", "pypi")
SLSA = "https://slsa.dev/provenance/v1"


@pytest.fixture
def check(tmp_path, store, standin):
    path = tmp_path / "trusted_root.json"
    path.write_bytes(standin.trust_root())
    return StandInChecker(path, Index.PYPI, store.now)


def sent(*attestations) -> str:
    return json.dumps(attestations)


def test_what_is_kept_is_what_the_integrity_api_gives(check, standin, claims):
    attestation = standin.attest(claims, FILE, DIGEST)
    kept = check(PUBLISHER, sent(attestation), FILE, DIGEST)
    (bundle,) = Provenance.model_validate_json(json.dumps(kept)).attestation_bundles
    assert (bundle.publisher.repository, bundle.publisher.workflow) == ("shap/shap", "release.yml")
    assert bundle.attestations[0].to_bundle().to_json()


def test_a_publisher_without_environment_takes_a_run_with_one(check, standin, claims):
    publisher = replace(PUBLISHER, environment=None)
    assert check(publisher, sent(standin.attest(claims, FILE, DIGEST)), FILE, DIGEST)


def test_one_attestation_of_each_kind_is_taken(check, standin, claims):
    both = standin.attest(claims, FILE, DIGEST), standin.attest(claims, FILE, DIGEST, predicate_type=SLSA)
    (bundle,) = check(PUBLISHER, sent(*both), FILE, DIGEST)["attestation_bundles"]
    assert len(bundle["attestations"]) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Malformed attestations"),
        ("{}", "Malformed attestations"),
        ('[{"version": 1}]', "Malformed attestations"),
        ("[]", "Malformed attestations: an empty attestation set is not permitted"),
    ],
)
def test_what_is_no_attestation_is_malformed(check, text, says):
    with pytest.raises(AttestationRefused, match=says):
        check(PUBLISHER, text, FILE, DIGEST)


def test_more_than_two_and_two_of_a_kind_are_refused(check, standin, claims):
    one = standin.attest(claims, FILE, DIGEST)
    with pytest.raises(AttestationRefused, match="A maximum of 2 attestations per file"):
        check(PUBLISHER, sent(one, one, one), FILE, DIGEST)
    with pytest.raises(AttestationRefused, match="Multiple attestations for the same file"):
        check(PUBLISHER, sent(one, one), FILE, DIGEST)


@pytest.mark.parametrize(
    ("filename", "digest"), [("shap-0.47.1.tar.gz", DIGEST), (FILE, "0" * 64)], ids=["another file", "another digest"]
)
def test_an_attestation_of_something_else_is_refused(check, standin, claims, filename, digest):
    with pytest.raises(AttestationRefused, match="Could not verify"):
        check(PUBLISHER, sent(standin.attest(claims, FILE, DIGEST)), filename, digest)


@pytest.mark.parametrize(
    "publisher",
    [
        replace(PUBLISHER, owner="other"),
        replace(PUBLISHER, repository="Shap"),
        replace(PUBLISHER, workflow="publish.yml"),
    ],
    ids=str,
)
def test_an_attestation_by_somebody_else_is_refused(check, standin, claims, publisher):
    with pytest.raises(AttestationRefused, match="Could not verify"):
        check(publisher, sent(standin.attest(claims, FILE, DIGEST)), FILE, DIGEST)


def test_a_reusable_workflow_is_judged_by_the_caller(check, standin, claims):
    """Attestations compare with the workflow that was started, tokens with the one that runs the job."""
    claims["job_workflow_ref"] = "shap/shap/.github/workflows/reusable.yml@refs/tags/v0.47.0"
    attestation = sent(standin.attest(claims, FILE, DIGEST))
    assert check(PUBLISHER, attestation, FILE, DIGEST)
    with pytest.raises(AttestationRefused, match="another workflow"):
        check(replace(PUBLISHER, workflow="reusable.yml"), attestation, FILE, DIGEST)


def test_an_attestation_of_another_rehearsal_is_refused(check, claims):
    other = Store()
    try:
        foreign = SigstoreStandIn(other).attest(claims, FILE, DIGEST)
    finally:
        other.close()
    with pytest.raises(AttestationRefused, match="Could not verify"):
        check(PUBLISHER, sent(foreign), FILE, DIGEST)
