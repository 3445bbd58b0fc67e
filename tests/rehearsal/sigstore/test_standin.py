"""sigstore's own verifier accepts what the stand-in signs, and refuses whatever was touched afterwards."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
import sigstore.errors
from cryptography import x509
from pypi_attestations import Attestation, GitHubPublisher, Provenance
from sigstore.verify import policy

from keyless.model.publisher import Publisher
from keyless.rehearsal.sigstore import SigstoreStandIn, provenance
from keyless.rehearsal.sigstore.log import FORMER_ENTRIES
from keyless.rehearsal.store import Store
from tests.rehearsal.sigstore.conftest import DIGEST, FILE

SHAP = "https://github.com/shap/shap"
WORKFLOW = f"{SHAP}/.github/workflows/release.yml@refs/tags/v0.47.0"
PUBLISHER = Publisher("shap", "shap", "release.yml", "pypi")
ANYONE = policy.AllOf([policy.OIDCIssuerV2("https://token.actions.githubusercontent.com")])


def bundle(attestation):
    return Attestation.model_validate(attestation).to_bundle()


def test_sigstore_accepts_an_attestation_and_returns_the_statement(standin, claims, verifier_for):
    kind, payload = verifier_for(standin).verify_dsse(
        bundle(standin.attest(claims, FILE, DIGEST)),
        policy.AllOf(
            [
                policy.OIDCIssuerV2("https://token.actions.githubusercontent.com"),
                policy.OIDCSourceRepositoryURI(SHAP),
                policy.OIDCBuildConfigURI(WORKFLOW),
                policy.OIDCSourceRepositoryRef("refs/tags/v0.47.0"),
                policy.OIDCSourceRepositoryDigest("baace0f6" * 5),
                policy.OIDCSourceRepositoryIdentifier("70011"),
                policy.OIDCRunnerEnvironment("github-hosted"),
                policy.GitHubWorkflowTrigger("release"),
                policy.GitHubWorkflowName("Release"),
                policy.Identity(identity=WORKFLOW, issuer="https://token.actions.githubusercontent.com"),
            ]
        ),
    )
    assert kind == "application/vnd.in-toto+json"
    assert json.loads(payload)["subject"] == [{"name": FILE, "digest": {"sha256": DIGEST}}]


def test_pypi_attestations_reads_the_provenance_and_its_publisher_policy_agrees(standin, claims, verifier_for):
    text = json.dumps(provenance(PUBLISHER, [standin.attest(claims, FILE, DIGEST)]))
    (parsed,) = Provenance.model_validate_json(text).attestation_bundles
    assert parsed.publisher == GitHubPublisher(repository="shap/shap", workflow="release.yml", environment="pypi")
    verifier_for(standin).verify_dsse(parsed.attestations[0].to_bundle(), parsed.publisher._as_policy())


def test_the_certificate_says_what_fulcio_says_of_a_github_run(standin, claims):
    said = Attestation.model_validate(standin.attest(claims, FILE, DIGEST)).certificate_claims
    assert {int(oid.rsplit(".", 1)[1]): text for oid, text in said.items()} == {
        8: "https://token.actions.githubusercontent.com",
        9: WORKFLOW,
        10: "baace0f6" * 5,
        11: "github-hosted",
        12: SHAP,
        13: "baace0f6" * 5,
        14: "refs/tags/v0.47.0",
        15: "70011",
        16: "https://github.com/shap",
        17: "70002",
        18: WORKFLOW,
        19: "baace0f6" * 5,
        20: "release",
        21: f"{SHAP}/actions/runs/12169989787/attempts/1",
        22: "public",
    }


def test_the_environment_is_claim_23_and_absent_for_a_run_without_one(standin, claims):
    def environment(claims):
        raw = base64.b64decode(standin.attest(claims, FILE, DIGEST)["verification_material"]["certificate"])
        return [
            extension.value.public_bytes()
            for extension in x509.load_der_x509_certificate(raw).extensions
            if extension.oid.dotted_string == "1.3.6.1.4.1.57264.1.23"
        ]

    assert environment(claims) == [b"\x0c\x04pypi"]
    del claims["environment"]
    assert environment(claims) == []


def test_the_shape_of_the_leaf_is_that_of_a_real_one(standin, claims):
    raw = base64.b64decode(standin.attest(claims, FILE, DIGEST)["verification_material"]["certificate"])
    leaf = x509.load_der_x509_certificate(raw)
    assert leaf.subject == x509.Name([])
    assert {extension.oid._name for extension in leaf.extensions if extension.critical} == {
        "keyUsage",
        "subjectAltName",
    }
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(minutes=10)
    with pytest.raises(x509.ExtensionNotFound):
        leaf.extensions.get_extension_for_class(x509.BasicConstraints)


def test_every_size_of_the_log_proves_its_newest_entry(standin, claims, verifier_for):
    """Sizes 1 to 33 cover every shape of the right border up to five subtrees."""
    verifier = verifier_for(standin)
    for size in range(1, 34):
        attestation = standin.attest(claims, FILE, DIGEST)
        (entry,) = attestation["verification_material"]["transparency_entries"]
        assert entry["inclusionProof"]["treeSize"] == str(size)
        assert entry["logIndex"] == str(FORMER_ENTRIES + size - 1)
        verifier.verify_dsse(bundle(attestation), ANYONE)


def test_two_openings_of_one_store_are_one_sigstore(tmp_path, claims, verifier_for):
    """A restart keeps keys, certificates and log: the old root verifies the new attestation, and the tree goes on."""
    roots, sizes = set(), []
    for _ in range(2):
        store = Store(tmp_path / "world.sqlite")
        standin = SigstoreStandIn(store)
        verifier = verifier_for(standin)
        attestation = standin.attest(claims, FILE, DIGEST)
        verifier.verify_dsse(bundle(attestation), ANYONE)
        roots.add(standin.trust_root())
        sizes.append(attestation["verification_material"]["transparency_entries"][0]["inclusionProof"]["treeSize"])
        store.close()
    assert len(roots) == 1
    assert sizes == ["1", "2"]


@pytest.mark.parametrize("seconds", [-86_400, 14 * 86_400, 365 * 86_400])
def test_it_signs_at_the_rehearsals_time(store, standin, claims, verifier_for, seconds):
    store.advance(seconds)
    attestation = standin.attest(claims, FILE, DIGEST)
    verifier_for(standin).verify_dsse(bundle(attestation), ANYONE)
    (entry,) = attestation["verification_material"]["transparency_entries"]
    signed = datetime.fromtimestamp(int(entry["integratedTime"]), UTC)
    assert abs(signed - store.now()) < timedelta(seconds=30)


def test_a_claim_that_github_always_sends_is_missed(standin, claims):
    del claims["job_workflow_ref"]
    with pytest.raises(KeyError, match="job_workflow_ref"):
        standin.attest(claims, FILE, DIGEST)


def flip(text: str) -> str:
    """Change one bit in the middle of what base64 text holds."""
    content = bytearray(base64.b64decode(text))
    content[len(content) // 2] ^= 1
    return base64.b64encode(content).decode()


def statement_says(text: str, old: str, new: str) -> str:
    return base64.b64encode(base64.b64decode(text).replace(old.encode(), new.encode())).decode()


ENTRY = ("verification_material", "transparency_entries", 0)
TAMPERED = {
    "another digest": (("envelope", "statement"), lambda text: statement_says(text, DIGEST, "0" * 64)),
    "another file": (("envelope", "statement"), lambda text: statement_says(text, "0.47.0", "0.47.1")),
    "signature": (("envelope", "signature"), flip),
    "certificate": (("verification_material", "certificate"), flip),
    "promise (SET)": ((*ENTRY, "inclusionPromise", "signedEntryTimestamp"), flip),
    "time": ((*ENTRY, "integratedTime"), lambda text: str(int(text) + 1)),
    "time beyond the certificate": ((*ENTRY, "integratedTime"), lambda text: str(int(text) + 3600)),
    "global index": ((*ENTRY, "logIndex"), lambda text: str(int(text) + 1)),
    "log": ((*ENTRY, "logId", "keyId"), flip),
    "body": ((*ENTRY, "canonicalizedBody"), flip),
    "proof's hash": ((*ENTRY, "inclusionProof", "hashes", 0), flip),
    "proof's root": ((*ENTRY, "inclusionProof", "rootHash"), flip),
    "proof's index": ((*ENTRY, "inclusionProof", "logIndex"), lambda text: str(int(text) - 1)),
    "tree size": ((*ENTRY, "inclusionProof", "treeSize"), lambda text: str(int(text) + 1)),
    "checkpoint's root": (
        (*ENTRY, "inclusionProof", "checkpoint", "envelope"),
        lambda text: "\n".join([*text.split("\n")[:2], flip(text.split("\n")[2]), *text.split("\n")[3:]]),
    ),
    "checkpoint's size": (
        (*ENTRY, "inclusionProof", "checkpoint", "envelope"),
        lambda text: text.replace("\n4\n", "\n5\n"),
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_is_touched_is_refused(standin, claims, verifier_for, what):
    for _ in range(3):
        standin.attest(claims, "older-1.0.tar.gz", DIGEST)
    attestation = standin.attest(claims, FILE, DIGEST)
    path, change = TAMPERED[what]
    tampered = copy.deepcopy(attestation)
    place = tampered
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = change(place[path[-1]])
    assert tampered != attestation
    verifier = verifier_for(standin)
    verifier.verify_dsse(bundle(attestation), ANYONE)
    with pytest.raises((sigstore.errors.Error, ValueError)):
        verifier.verify_dsse(bundle(tampered), ANYONE)


@pytest.mark.parametrize("part", ["certificate", "envelope", "transparency_entries"])
def test_parts_of_two_attestations_do_not_mix(standin, claims, verifier_for, part):
    mixed, other = standin.attest(claims, FILE, DIGEST), standin.attest(claims, "shap-0.47.1.tar.gz", DIGEST)
    where = (lambda attestation: attestation) if part == "envelope" else (lambda a: a["verification_material"])
    where(mixed)[part] = where(other)[part]
    with pytest.raises(sigstore.errors.Error):
        verifier_for(standin).verify_dsse(bundle(mixed), ANYONE)


@pytest.mark.parametrize(
    "expected",
    [
        GitHubPublisher(repository="shap/other", workflow="release.yml"),
        GitHubPublisher(repository="Shap/shap", workflow="release.yml"),
        GitHubPublisher(repository="shap/shap", workflow="publish.yml"),
    ],
)
def test_another_publisher_is_refused(standin, claims, verifier_for, expected):
    with pytest.raises(sigstore.errors.VerificationError):
        verifier_for(standin).verify_dsse(bundle(standin.attest(claims, FILE, DIGEST)), expected._as_policy())


def test_another_rehearsals_root_is_refused(standin, claims, verifier_for):
    other = Store()
    try:
        verifier = verifier_for(SigstoreStandIn(other))
        with pytest.raises(sigstore.errors.VerificationError):
            verifier.verify_dsse(bundle(standin.attest(claims, FILE, DIGEST)), ANYONE)
    finally:
        other.close()


def test_sigstores_own_root_is_refused(standin, claims):
    """The rehearsal can never be taken for the real thing: the root inside sigstore's package does not know it."""
    from importlib.resources import files

    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    root = next(path for path in (files("sigstore") / "_store").iterdir() if "sigstore.dev" in path.name)
    trusted = next(path for path in root.iterdir() if path.name == "trusted_root.json")
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(trusted)))
    with pytest.raises(sigstore.errors.VerificationError):
        verifier.verify_dsse(bundle(standin.attest(claims, FILE, DIGEST)), ANYONE)


@pytest.mark.parametrize("missing", ["another log's promise", "no promise"])
def test_the_certificate_logs_promise_is_needed(store, standin, claims, verifier_for, missing, monkeypatch):
    """A certificate whose SCT another log signed, and one whose SCT is for another certificate, are both refused."""
    from keyless.rehearsal.sigstore.authority import Authority

    genuine = Authority._sct
    if missing == "no promise":
        monkeypatch.setattr(Authority, "_sct", lambda self, tbs, now: genuine(self, b"another" + tbs, now))
    else:
        other = Store()
        stranger = Authority.open(other)
        other.close()
        monkeypatch.setattr(Authority, "_sct", lambda _self, tbs, now: genuine(stranger, tbs, now))
    with pytest.raises(sigstore.errors.VerificationError, match="SCT"):
        verifier_for(standin).verify_dsse(bundle(standin.attest(claims, FILE, DIGEST)), ANYONE)
