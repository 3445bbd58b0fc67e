"""The checks after the signature: what was signed must be about exactly this file."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from keyless.model.release import ReleaseFile
from keyless.services.sigstore.statement import check

KIND = "application/vnd.in-toto+json"
DIGEST = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3"
FILE = ReleaseFile("shap-0.47.0.tar.gz", DIGEST, 1, datetime(2026, 1, 1, tzinfo=UTC), yanked=False, has_provenance=True)
SUBJECT = {"name": FILE.filename, "digest": {"sha256": DIGEST}}
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [SUBJECT],
    "predicateType": "https://docs.pypi.org/attestations/publish/v1",
    "predicate": None,
}


def test_a_statement_about_the_file_tells_its_predicate_type():
    assert check(KIND, json.dumps(STATEMENT).encode(), FILE) == STATEMENT["predicateType"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "version 1"),
        ({"subject": []}, "exactly one file"),
        ({"subject": [SUBJECT, SUBJECT]}, "exactly one file"),
        ({"subject": "shap"}, "exactly one file"),
        ({"subject": ["shap"]}, "exactly one file"),
        ({"subject": [{**SUBJECT, "name": ""}]}, "does not name"),
        ({"subject": [{**SUBJECT, "name": None}]}, "does not name"),
        ({"subject": [{**SUBJECT, "name": "shap-0.47.0.tar.gz.asc"}]}, ""),
        ({"subject": [{**SUBJECT, "digest": {}}]}, "sha256"),
        ({"subject": [{**SUBJECT, "digest": DIGEST}]}, "sha256"),
        ({"subject": [{**SUBJECT, "digest": {"sha512": DIGEST}}]}, "sha256"),
        ({"subject": [{**SUBJECT, "digest": {"sha256": DIGEST.upper()}}]}, "sha256"),
        ({"predicateType": None}, "unknown type"),
        ({"predicateType": "https://slsa.dev/provenance/v0.2"}, "unknown type"),
    ],
    ids=str,
)
def test_anything_else_is_refused(changed, reason):
    with pytest.raises(ValueError) as refusal:
        check(KIND, json.dumps({**STATEMENT, **changed}).encode(), FILE)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"\xff", b'"shap"'])
def test_what_is_no_statement_is_refused(payload):
    with pytest.raises(ValueError):
        check(KIND, payload, FILE)


@pytest.mark.parametrize("kind", ["", "application/json", "application/vnd.in-toto+JSON"])
def test_another_type_of_payload_is_refused(kind):
    with pytest.raises(ValueError) as refusal:
        check(kind, json.dumps(STATEMENT).encode(), FILE)
    assert "no in-toto statement" in str(refusal.value)


def test_digests_of_the_index_may_be_in_capitals():
    from dataclasses import replace

    assert check(KIND, json.dumps(STATEMENT).encode(), replace(FILE, sha256=DIGEST.upper()))
