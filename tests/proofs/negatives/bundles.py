"""Cases in which the provenance of one file is not what it should be."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from keyless.rehearsal.sigstore import standin
from keyless.rehearsal.store import Store
from tests.proofs.negatives.case import case
from tests.proofs.negatives.layers import (
    CRYPTOGRAPHY,
    DIGEST,
    DOCUMENT,
    KIND_OF_PUBLISHER,
    NAME,
    ONE_SUBJECT,
    POLICY,
    PREDICATE,
    TIME,
    TYPE,
    WORKFLOW,
    finding,
)
from tests.proofs.negatives.scenario import HOUR, SDIST, WHEEL, Scenario, ahead, minting, sha256
from tests.services.sigstore.conftest import Bench

Change = Callable[[Scenario], object]
EVIL, CASE = "evil/shap", "shap/SHAP"
ANOTHER = "another workflow"


def bundle(scenario: Scenario) -> dict[str, Any]:
    return scenario.documents[WHEEL]["attestation_bundles"][0]


def attestation(scenario: Scenario) -> dict[str, Any]:
    return bundle(scenario)["attestations"][0]


def entry(scenario: Scenario) -> dict[str, Any]:
    return attestation(scenario)["verification_material"]["transparency_entries"][0]


def proof(scenario: Scenario) -> dict[str, Any]:
    return entry(scenario)["inclusionProof"]


def flip(text: str) -> str:
    """Change one bit in the middle of some base64."""
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def flipped(part: Callable[[Scenario], dict[str, Any]], key: str) -> Change:
    return lambda s: part(s).update({key: flip(part(s)[key])})


def put(part: Callable[[Scenario], dict[str, Any]], **values: Any) -> Change:
    return lambda s: part(s).update(values)


def gone(part: Callable[[Scenario], dict[str, Any]], key: str) -> Change:
    return lambda s: part(s).pop(key)


def from_another(part: Callable[[Scenario], dict[str, Any]], key: str) -> Change:
    """Take one part from a true attestation of the same file by the same run."""

    def change(scenario: Scenario) -> None:
        kept = copy.deepcopy(scenario.documents[WHEEL])
        scenario.attest(WHEEL)
        taken = part(scenario)[key]
        scenario.documents[WHEEL] = kept
        part(scenario)[key] = taken

    return change


def attested(**job: Any) -> Change:
    """The wheel was attested by a run that differs in this; the index states the expected publisher all the same."""
    return lambda s: s.attest(WHEEL, **job)


def statement(**changes: Any) -> Change:
    """The signed statement says something else."""
    true = standin._statement

    def change(scenario: Scenario) -> None:
        def made(*about: str) -> bytes:
            return json.dumps({**json.loads(true(*about)), **changes}).encode()

        with minting(_statement=made):
            scenario.attest(WHEEL)

    return change


def two_subjects(scenario: Scenario) -> None:
    subjects = [{"name": name, "digest": {"sha256": sha256(name)}} for name in (WHEEL, SDIST)]
    statement(subject=subjects)(scenario)


def other_payload_type(scenario: Scenario) -> None:
    with minting(PAYLOAD_TYPE="application/json"):
        scenario.attest(WHEEL)


def other_issuer(scenario: Scenario) -> None:
    with minting(ISSUER="https://gitlab.com"):
        scenario.attest(WHEEL)


def no_statement(scenario: Scenario) -> None:
    with minting(_statement=lambda *_: b'["shap"]'):
        scenario.attest(WHEEL)


def logged_after_its_end(scenario: Scenario) -> None:
    log = scenario.bench.standin._log
    true = log.append
    log.append = lambda body, now: true(body, now + timedelta(minutes=11))
    try:
        scenario.attest(WHEEL)
    finally:
        log.append = true


def another_root(scenario: Scenario) -> None:
    other, folder = Store(), scenario.bench.folder / "elsewhere"
    folder.mkdir(exist_ok=True)
    Bench(other, folder)
    other.close()
    scenario.root = "elsewhere/trusted_root.json"


def in_the_future(by: timedelta) -> Change:
    def change(scenario: Scenario) -> None:
        with ahead(scenario.bench, by):
            scenario.attest(WHEEL)

    return change


def statement_of_the_other_file(scenario: Scenario) -> None:
    (other,) = scenario.documents[SDIST]["attestation_bundles"]
    envelope(scenario).update(statement=other["attestations"][0]["envelope"]["statement"])


def text(change: Callable[[bytes], bytes]) -> Change:
    def made(scenario: Scenario) -> None:
        scenario.documents[WHEEL] = change(json.dumps(scenario.documents[WHEEL]).encode())

    return made


def envelope(scenario: Scenario) -> dict[str, Any]:
    return attestation(scenario)["envelope"]


def material(scenario: Scenario) -> dict[str, Any]:
    return attestation(scenario)["verification_material"]


def top(scenario: Scenario) -> dict[str, Any]:
    return scenario.documents[WHEEL]


GITLAB = {"kind": "GitLab", "repository": "shap/shap", "workflow_filepath": ".gitlab-ci.yml"}
GOOGLE = {"kind": "Google", "email": "robot@shap.iam.gserviceaccount.com"}
REFUSED = "attestation-refused"
FUTURE = (TIME, finding("signed-after-upload"))
ELSEWHERE = (finding("repository-differs"), finding("workflow-differs"), finding("run-elsewhere"))
REPOSITORY = (POLICY, WORKFLOW, finding("stated-differs"), *ELSEWHERE)

BUNDLES = (
    # The cryptography, which is the library's: keyless has to ask for it, and to believe nothing without it.
    case("signature", flipped(envelope, "signature"), REFUSED, CRYPTOGRAPHY),
    case("signature of another attestation", from_another(envelope, "signature"), REFUSED, CRYPTOGRAPHY),
    case("no signature", put(envelope, signature=""), REFUSED),
    case("certificate of another key", from_another(material, "certificate"), REFUSED, CRYPTOGRAPHY),
    case("log entry of another attestation", from_another(material, "transparency_entries"), REFUSED, CRYPTOGRAPHY),
    case("log index", put(entry, logIndex="999999"), REFUSED, CRYPTOGRAPHY),
    case("log id", flipped(lambda s: entry(s)["logId"], "keyId"), REFUSED, CRYPTOGRAPHY),
    case(
        "log time",
        lambda s: put(entry, integratedTime=str(int(entry(s)["integratedTime"]) + 1))(s),
        REFUSED,
        CRYPTOGRAPHY,
    ),
    case("log body", flipped(entry, "canonicalizedBody"), REFUSED),
    case("log promise", flipped(lambda s: entry(s)["inclusionPromise"], "signedEntryTimestamp"), REFUSED, CRYPTOGRAPHY),
    case("no log promise", gone(entry, "inclusionPromise"), REFUSED),
    case("no log proof", gone(entry, "inclusionProof"), REFUSED),
    case("no log entry", put(material, transparency_entries=[]), REFUSED),
    case("root hash of the log", flipped(proof, "rootHash"), REFUSED, CRYPTOGRAPHY),
    case(
        "a hash of the log's proof",
        lambda s: proof(s).update(hashes=[flip(proof(s)["hashes"][0]), *proof(s)["hashes"][1:]]),
        REFUSED,
        CRYPTOGRAPHY,
    ),
    case("no hashes in the log's proof", put(proof, hashes=[]), REFUSED, CRYPTOGRAPHY),
    case(
        "size of the log", lambda s: put(proof, treeSize=str(int(proof(s)["treeSize"]) + 5))(s), REFUSED, CRYPTOGRAPHY
    ),
    case(
        "checkpoint of the log",
        lambda s: proof(s)["checkpoint"].update(envelope=proof(s)["checkpoint"]["envelope"].replace("\n", "\n1", 1)),
        REFUSED,
        CRYPTOGRAPHY,
    ),
    case("statement", flipped(envelope, "statement"), REFUSED),
    case("statement of another file", statement_of_the_other_file, REFUSED, CRYPTOGRAPHY, NAME, DIGEST),
    case("kind of the log entry", lambda s: entry(s)["kindVersion"].update(kind="intoto"), REFUSED),
    case("certificate", flipped(material, "certificate"), REFUSED),
    case("no certificate", put(material, certificate=""), REFUSED),
    case("another trust root", another_root, REFUSED, CRYPTOGRAPHY),
    case("certificate that had ended", logged_after_its_end, REFUSED, CRYPTOGRAPHY, finding("signed-after-upload")),
    # The statement: what was signed, and about which file.
    case("digest", attested(digest="0" * 64), "sha256", DIGEST),
    case("digest of the other file", attested(digest=sha256(SDIST)), "sha256", DIGEST),
    case("digest that the index does not say", lambda s: s.change_files(WHEEL, sha256=""), "sha256", DIGEST),
    case("another version", attested(filename=WHEEL.replace("0.47.0", "0.48.0")), "another file", NAME),
    case("another project", attested(filename=WHEEL.replace("shap", "slap")), "another file", NAME),
    case("another platform", attested(filename=WHEEL.replace("linux_x86_64", "win_amd64")), "another file", NAME),
    case("sdist instead of wheel", attested(filename=SDIST), "another file", NAME),
    case(
        "bundle of another file",
        lambda s: s.documents.update({WHEEL: s.documents[SDIST]}),
        "another file",
        NAME,
        DIGEST,
    ),
    case("no name", attested(filename=""), "does not name", NAME),
    case("no file's name", attested(filename="nonsense"), REFUSED, NAME),
    case("predicate type", attested(predicate_type="https://example.org/v1"), "unknown type", PREDICATE),
    case(
        "older predicate type", attested(predicate_type="https://slsa.dev/provenance/v0.2"), "unknown type", PREDICATE
    ),
    case("two subjects", two_subjects, "exactly one file", ONE_SUBJECT),
    case("no subject", statement(subject=[]), "exactly one file"),
    case("older statement", statement(_type="https://in-toto.io/Statement/v0.1"), "version 1", TYPE),
    case("another payload type", other_payload_type, REFUSED, CRYPTOGRAPHY),
    case("no statement", no_statement, "no in-toto statement"),
    # The certificate against what the index states.
    case("issuer", other_issuer, "OIDCIssuerV2", POLICY, finding("issuer-differs")),
    case("repository of somebody else", attested(repository=EVIL), "OIDCSourceRepositoryURI", *REPOSITORY),
    case("repository by case", attested(repository=CASE), "OIDCSourceRepositoryURI", POLICY, WORKFLOW, *REPOSITORY[3:]),
    case(
        "workflow",
        attested(workflow_path=".github/workflows/other.yml"),
        ANOTHER,
        WORKFLOW,
        finding("stated-differs"),
        finding("workflow-differs"),
    ),
    case(
        "workflow by case",
        attested(workflow_path=".github/workflows/Release.yml"),
        ANOTHER,
        WORKFLOW,
        finding("stated-differs"),
        finding("workflow-differs"),
    ),
    case(
        "workflow by its ending",
        attested(workflow_path=".github/workflows/release.yaml"),
        ANOTHER,
        WORKFLOW,
        finding("stated-differs"),
        finding("workflow-differs"),
    ),
    case("signed an hour ahead", in_the_future(2 * HOUR), "future", *FUTURE),
    case("signed twelve hours ahead", in_the_future(12 * HOUR), "future", *FUTURE),
    case("signed a year ahead", in_the_future(365 * 24 * HOUR), "future", *FUTURE),
    # The document.
    case("unknown key", put(top, bundles=[]), "does not know", DOCUMENT),
    case("unknown key of a bundle", put(bundle, note=""), "does not know", DOCUMENT),
    case("unknown key of an attestation", put(attestation, signature="x"), "does not know", DOCUMENT),
    case("unknown key of an envelope", put(envelope, payload="x"), "does not know", DOCUMENT),
    case("unknown key beside the certificate", put(material, public_key="x"), "does not know", DOCUMENT),
    case(
        "a key twice",
        text(lambda raw: raw.replace(b'{"version": 1,', b'{"version": 1, "version": 1,', 1)),
        "twice",
        DOCUMENT,
    ),
    case("version of the provenance", put(top, version=2), "cannot be understood"),
    case("version of the attestation", put(attestation, version=2), "cannot be understood"),
    case("truncated", text(lambda raw: raw[:-40]), "cannot be understood"),
    case("a page where JSON was due", text(lambda _: b"<html>just a moment</html>"), "cannot be understood"),
    case("nothing", text(lambda _: b""), "cannot be understood"),
    case("GitLab's publisher", lambda s: bundle(s).update(publisher=GITLAB), "not GitHub's", KIND_OF_PUBLISHER),
    case("Google's publisher", lambda s: bundle(s).update(publisher=GOOGLE), "not GitHub's", KIND_OF_PUBLISHER),
    case(
        "publisher of an unknown kind",
        lambda s: bundle(s).update(publisher={"kind": "Carrier pigeon"}),
        "cannot be understood",
    ),
    case(
        "a second attestation that is false",
        lambda s: bundle(s)["attestations"].append(s.bench.attest(WHEEL, "0" * 64)),
        "sha256",
        DIGEST,
    ),
    case(
        "a second bundle that is false",
        lambda s: top(s)["attestation_bundles"].append(
            {"publisher": GITLAB, "attestations": [s.bench.attest(WHEEL, sha256(WHEEL))]}
        ),
        "not GitHub's",
        KIND_OF_PUBLISHER,
    ),
    case(
        "stated owner",
        lambda s: bundle(s)["publisher"].update(repository=EVIL),
        "OIDCSourceRepositoryURI",
        POLICY,
        WORKFLOW,
        finding("stated-differs"),
        finding("two-publishers"),
    ),
    case(
        "stated repository by case",
        lambda s: bundle(s)["publisher"].update(repository=CASE),
        "OIDCSourceRepositoryURI",
        POLICY,
        WORKFLOW,
        finding("two-publishers"),
    ),
    case(
        "stated workflow",
        lambda s: bundle(s)["publisher"].update(workflow="other.yml"),
        ANOTHER,
        WORKFLOW,
        finding("stated-differs"),
        finding("two-publishers"),
    ),
)
