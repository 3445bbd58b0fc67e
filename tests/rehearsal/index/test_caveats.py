"""Caveat by caveat, in PyPI's words."""

from __future__ import annotations

import base64
import json

import pytest

from keyless.rehearsal.index import macaroon
from keyless.rehearsal.index.caveats import Context, objection

KEY = b"k" * 32
IDENTIFIER = b"9d2a7b5e-5f0f-4d30-9f59-0b6a9c1f2e11"
NOW = 1_700_000_000
PROJECT = {"id": "project-id", "name": "Sample.Proj", "normalised": "sample-proj"}
USER = {"id": "user-id", "user": "ada"}
PUBLISHER = {"id": "publisher-id", "projects": ["sample-proj"]}
OTHER = "project-scoped token is not valid for project: 'Sample.Proj'"


def judge(*caveats, issued=(), user=USER, publisher=None, project=PROJECT):
    encoded = tuple(json.dumps(caveat).encode() if not isinstance(caveat, bytes) else caveat for caveat in caveats)
    token = macaroon.Macaroon("pypi.org", IDENTIFIER, encoded, macaroon.chain(KEY, IDENTIFIER, encoded))
    row = {"root_key": base64.b64encode(KEY).decode(), "caveats": list(issued)}
    return objection(token, row, Context(project, user, publisher, NOW))


@pytest.mark.parametrize(
    "caveat",
    [
        [0, NOW + 1, NOW],
        [1, ["sample-proj"]],
        [1, ["other", "sample-proj"]],
        [2, ["project-id"]],
        [3, "user-id"],
        [3, "user-id", "a field from the future"],
        {"version": 1, "permissions": "user"},
        {"version": 1, "permissions": {"projects": ["sample-proj"]}},
        {"nbf": NOW, "exp": NOW + 1},
        {"project_ids": ["project-id"]},
    ],
)
def test_a_caveat_that_holds_is_accepted(caveat):
    assert judge(caveat) is None


@pytest.mark.parametrize(
    ("caveat", "why"),
    [
        ([0, NOW, NOW - 1], "token is expired"),
        ([0, NOW + 2, NOW + 1], "token is expired"),
        ({"nbf": NOW - 2, "exp": NOW - 1}, "token is expired"),
        ([1, ["other"]], OTHER),
        ([1, ["Sample.Proj"]], OTHER),
        ([1, []], OTHER),
        ([2, ["other-id"]], OTHER),
        ({"project_ids": ["other-id"]}, OTHER),
        ({"version": 1, "permissions": {"projects": ["other"]}}, OTHER),
        ([3, "other-id"], "current user does not match user restriction in token"),
        ([4, "publisher-id", None], "OIDC scoped token used outside of an OIDC identified request"),
        ([5, "x"], "caveat has unknown tag: 5"),
        (["5"], "caveat has unknown tag: 5"),
        ([], "caveat array cannot be empty"),
        ("text", "caveat must be an array"),
        (7, "caveat must be an array"),
        ({"version": 2, "permissions": "user"}, "caveat must be an array"),
        ({"version": 1, "permissions": "everything"}, "caveat must be an array"),
        ([0, NOW + 1], "Not enough values"),
        ([1], "Not enough values"),
        ([0, "tomorrow", NOW], "invalid values for fields"),
        ([0, True, NOW], "invalid values for fields"),
        ([0, float(NOW + 1), NOW], "invalid values for fields"),
        ([1, "sample-proj"], "invalid values for fields"),
        ([2, [7]], "invalid values for fields"),
        ([3, 7], "invalid values for fields"),
        (b"not json", "unknown error"),
        ([[], 1], "unknown error"),
    ],
)
def test_a_caveat_that_does_not_hold_is_named_in_pypis_words(caveat, why):
    assert judge(caveat) == why


@pytest.mark.parametrize(
    ("publisher", "caveat", "why"),
    [
        (PUBLISHER, [4, "publisher-id", None], None),
        (PUBLISHER, [4, "publisher-id"], None),
        (PUBLISHER, [4, "other-id", None], "current OIDC publisher does not match publisher restriction in token"),
        (
            {**PUBLISHER, "projects": []},
            [4, "publisher-id", None],
            "OIDC scoped token is not valid for project 'Sample.Proj'",
        ),
        (PUBLISHER, [4, "publisher-id", 7], "invalid values for fields"),
        (PUBLISHER, [3, "user-id"], "token with user restriction without a user"),
        (PUBLISHER, {"version": 1, "permissions": "user"}, "caveat must be an array"),
    ],
)
def test_a_minted_token_is_held_to_its_publisher(publisher, caveat, why):
    assert judge(caveat, user=None, publisher=publisher) == why


def test_all_reasons_are_given_in_order():
    assert judge([0, 1, 0], [1, ["other"]]) == f"token is expired, {OTHER}"


def test_reasons_found_before_an_unreadable_caveat_are_given():
    assert judge([0, 1, 0], b"{", [1, ["other"]]) == "token is expired"


def test_what_the_index_issued_is_checked_once_more():
    """Warehouse appends the stored caveats, so a wrong project is named for the embedded and the stored one."""
    assert judge([1, ["other"]], issued=([1, ["other"]],)) == f"{OTHER}, {OTHER}"


def test_stripping_the_caveats_breaks_the_signature():
    whole = macaroon.read(macaroon.mint("pypi.org", IDENTIFIER.decode(), KEY, (b"[0,1,0]",)))
    bare = macaroon.Macaroon(whole.location, whole.identifier, (), whole.signature)
    row = {"root_key": base64.b64encode(KEY).decode(), "caveats": []}
    context = Context(PROJECT, USER, None, NOW)
    assert objection(bare, row, context) == "signatures do not match"


def test_a_forged_signature_is_seen_only_when_every_caveat_holds():
    row = {"root_key": base64.b64encode(KEY).decode(), "caveats": []}
    context = Context(PROJECT, USER, None, NOW)
    forged = macaroon.Macaroon("pypi.org", IDENTIFIER, (b"[0,1,0]",), b"\0" * 32)
    assert objection(forged, row, context) == "token is expired"
