"""One true attestation of a rehearsal, and what becomes of it when one thing is changed."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from keyless.model.publisher import Publisher
from keyless.rehearsal.store import Store
from tests.services.sigstore.conftest import DIGEST, FILENAME, PUBLISHER, Bench

SLSA = "https://slsa.dev/provenance/v1"


def entry(document):
    return document["attestation_bundles"][0]["attestations"][0]["verification_material"]["transparency_entries"][0]


def envelope(document):
    return document["attestation_bundles"][0]["attestations"][0]["envelope"]


def flip(text):
    """Change one bit in the middle of some base64."""
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def test_a_true_attestation_gives_every_claim(bench):
    (fact,) = bench.verify(bench.provenance())
    assert fact.refused is None
    assert fact.stated == PUBLISHER
    assert fact.claims.repository_uri == "https://github.com/shap/shap"
    assert fact.claims.build_config_uri.endswith("/.github/workflows/release.yml@refs/tags/v0.47.0")
    assert (fact.claims.repository_id, fact.claims.owner_id) == ("70011", "70002")
    assert fact.claims.run_uri == "https://github.com/shap/shap/actions/runs/12169989787/attempts/1"
    assert fact.claims.environment == "pypi"
    assert (fact.claims.trigger, fact.claims.runner_environment) == ("release", "github-hosted")
    assert abs(fact.signed_at - bench.store.now()) < timedelta(seconds=5)
    assert "trusted_root.json" in fact.trust_root
    assert not fact.unverifiable


def test_a_run_without_an_environment_claims_none(bench):
    (fact,) = bench.verify(bench.provenance(bench.attest(environment=None)))
    assert fact.refused is None
    assert fact.claims.environment is None


def test_another_predicate_of_the_two_is_told(bench):
    (fact,) = bench.verify(bench.provenance(bench.attest(predicate_type=SLSA)))
    assert (fact.refused, fact.predicate_type) == (None, SLSA)


def test_each_attestation_is_a_fact_of_its_own(bench):
    facts = bench.verify(bench.provenance(bench.attest(), bench.attest(digest="0" * 64)))
    assert [fact.refused is None for fact in facts] == [True, False]


def test_spellings_of_the_same_file_are_equal(bench):
    document = bench.provenance(bench.attest("SHAP-0.47.0.tar.gz"))
    assert bench.verify(document)[0].refused is None


def test_provenance_without_attestations_is_no_fact(bench):
    assert bench.verify({"version": 1, "attestation_bundles": []}) == ()


CHANGES = {
    "signature": lambda d: envelope(d).update(signature=flip(envelope(d)["signature"])),
    "statement": lambda d: envelope(d).update(statement=flip(envelope(d)["statement"])),
    "empty signature": lambda d: envelope(d).update(signature=""),
    "log index": lambda d: entry(d).update(logIndex="999999"),
    "log id": lambda d: entry(d)["logId"].update(keyId=flip(entry(d)["logId"]["keyId"])),
    "log time": lambda d: entry(d).update(integratedTime=str(int(entry(d)["integratedTime"]) + 1)),
    "log body": lambda d: entry(d).update(canonicalizedBody=flip(entry(d)["canonicalizedBody"])),
    "promise": lambda d: entry(d)["inclusionPromise"].update(
        signedEntryTimestamp=flip(entry(d)["inclusionPromise"]["signedEntryTimestamp"])
    ),
    "no promise": lambda d: entry(d).pop("inclusionPromise"),
    "no proof": lambda d: entry(d).pop("inclusionProof"),
    "root hash": lambda d: entry(d)["inclusionProof"].update(rootHash=flip(entry(d)["inclusionProof"]["rootHash"])),
    "checkpoint": lambda d: entry(d)["inclusionProof"]["checkpoint"].update(
        envelope=entry(d)["inclusionProof"]["checkpoint"]["envelope"].replace("\n", "\n1", 1)
    ),
    "no entries": lambda d: d["attestation_bundles"][0]["attestations"][0]["verification_material"].update(
        transparency_entries=[]
    ),
    "certificate": lambda d: d["attestation_bundles"][0]["attestations"][0]["verification_material"].update(
        certificate=flip(d["attestation_bundles"][0]["attestations"][0]["verification_material"]["certificate"])
    ),
    "no certificate": lambda d: d["attestation_bundles"][0]["attestations"][0]["verification_material"].update(
        certificate=""
    ),
    "version of the attestation": lambda d: d["attestation_bundles"][0]["attestations"][0].update(version=2),
    "version of the provenance": lambda d: d.update(version=2),
    "stated owner": lambda d: d["attestation_bundles"][0]["publisher"].update(repository="evil/shap"),
    "stated case": lambda d: d["attestation_bundles"][0]["publisher"].update(repository="shap/SHAP"),
    "stated workflow": lambda d: d["attestation_bundles"][0]["publisher"].update(workflow="Release.yml"),
    "another publisher's kind": lambda d: d["attestation_bundles"][0].update(
        publisher={"kind": "GitLab", "repository": "shap/shap", "workflow_filepath": ".gitlab-ci.yml"}
    ),
    "an unknown kind": lambda d: d["attestation_bundles"][0].update(publisher={"kind": "Carrier pigeon"}),
}


@pytest.mark.parametrize("change", CHANGES, ids=CHANGES)
def test_one_changed_thing_is_refused_with_a_reason(bench, change):
    document = bench.provenance()
    CHANGES[change](document)
    facts = bench.verify(document)
    assert facts
    for fact in facts:
        assert fact.claims is None
        assert fact.signed_at is None
        assert fact.refused


@pytest.mark.parametrize(
    ("attested", "reason"),
    [
        ({"digest": "0" * 64}, "sha256"),
        ({"filename": "shap-0.48.0.tar.gz"}, "another file"),
        ({"filename": "shap-0.47.0-py3-none-any.whl"}, "another file"),
        ({"filename": "slap-0.47.0.tar.gz"}, "another file"),
        ({"filename": ""}, "name"),
        ({"filename": "nonsense"}, ""),
        ({"predicate_type": "https://example.org/v1"}, "unknown type"),
        ({"repository": "evil/shap"}, "OIDCSourceRepositoryURI"),
        ({"repository": "shap/SHAP"}, "OIDCSourceRepositoryURI"),
        ({"workflow_path": ".github/workflows/other.yml"}, "another workflow"),
        ({"workflow_path": ".github/workflows/Release.yml"}, "another workflow"),
    ],
    ids=str,
)
def test_an_attestation_of_something_else_is_refused_and_says_of_what(bench, attested, reason):
    (fact,) = bench.verify(bench.provenance(bench.attest(**attested)))
    assert fact.claims is None
    assert reason in fact.refused


def test_another_trust_root_is_refused(bench, tmp_path):
    other = Store()
    (tmp_path / "elsewhere").mkdir()
    elsewhere = Bench(other, tmp_path / "elsewhere")
    (fact,) = elsewhere.verify(bench.provenance())
    other.close()
    assert fact.claims is None
    assert fact.refused


@pytest.mark.parametrize("hours", [1, 12, 24 * 365])
def test_what_was_signed_in_the_future_is_refused(bench, hours):
    document = bench.provenance()
    (fact,) = bench.verify(document, now=bench.store.now() - timedelta(hours=hours))
    assert fact.claims is None
    assert "future" in fact.refused


def test_a_clock_that_is_a_minute_behind_is_no_future(bench):
    document = bench.provenance()
    assert bench.verify(document, now=bench.store.now() - timedelta(minutes=1))[0].refused is None


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b"\xff", b'{"version": 1', b"<html>"])
def test_what_is_no_provenance_is_one_refused_fact(bench, text):
    (fact,) = bench.verify(text)
    assert fact.stated is None
    assert "cannot be understood" in fact.refused


@pytest.mark.parametrize("content", [None, b"", b"{}", b"not json"], ids=["absent", "empty", "object", "text"])
def test_a_trust_root_that_cannot_be_used_verifies_nothing_and_blames_nobody(bench, content):
    if content is not None:
        (bench.folder / "broken.json").write_bytes(content)
    (fact,) = bench.verify(bench.provenance(), root="broken.json")
    assert fact.claims is None
    assert fact.unverifiable
    assert fact.stated == PUBLISHER
    assert "cannot be used" in fact.trust_root


def test_a_truncated_provenance_is_refused_wherever_it_is_cut(bench):
    text = json.dumps(bench.provenance()).encode()
    for end in range(0, len(text) - 1, 97):
        (fact,) = bench.verify(text[:end])
        assert fact.claims is None


def test_a_bundle_moved_to_another_file_is_refused(bench):
    wheel = replace(bench.file, filename="shap-0.47.0-cp311-cp311-linux_x86_64.whl")
    (fact,) = bench.verify(bench.provenance(), wheel)
    assert fact.claims is None


def test_a_digest_in_capitals_is_the_same_digest(bench):
    assert bench.verify(bench.provenance(), replace(bench.file, sha256=DIGEST.upper()))[0].refused is None


def test_a_file_whose_name_cannot_be_read_is_refused(bench):
    (fact,) = bench.verify(bench.provenance(), replace(bench.file, filename="shap.exe"))
    assert fact.claims is None


def test_the_stated_environment_is_kept_apart_from_the_signed_one(bench):
    document = bench.provenance(publisher=Publisher("shap", "shap", "release.yml", "elsewhere"))
    (fact,) = bench.verify(document)
    assert fact.stated.environment == "elsewhere"
    assert fact.claims.environment == "pypi"
    assert bench.file.filename == FILENAME
