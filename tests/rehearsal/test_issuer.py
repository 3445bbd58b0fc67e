"""The OIDC issuer: real RS256 tokens that PyJWT verifies by the published keys."""

from __future__ import annotations

import asyncio
import json

import httpx
import jwt
import pytest

from keyless.rehearsal.issuer import ISSUER, Issuer, Job, id_token_url, issuer_app, job_claims
from keyless.rehearsal.store import Document, Store

RELEASE = Job(
    "octo/sampleproj",
    77,
    1001,
    ".github/workflows/release.yml",
    "Release",
    "refs/tags/v1.0",
    "a" * 40,
    "release",
    "ada",
    5,
    environment="pypi",
)
BASE = "https://token.actions.rehearsal"


@pytest.fixture(scope="module")
def key() -> Document:
    store = Store()
    Issuer(store).jwks()
    kept = store.get("issuer.key", "signing")
    store.close()
    assert kept is not None
    return kept


@pytest.fixture
def issuer(key):
    store = Store()
    store.put("issuer.key", "signing", key)
    yield Issuer(store)
    store.close()


def ask(issuer: Issuer, path: str, **headers: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(issuer_app(issuer.store))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.get(path, headers=headers)

    return asyncio.run(send())


def test_a_job_gets_a_token_for_the_audience_that_it_names(issuer):
    granted = issuer.grant(job_claims(RELEASE))
    answer = ask(issuer, f"{id_token_url('')}&audience=pypi", authorization=f"bearer {granted}")
    keys = ask(issuer, "/.well-known/jwks").json()["keys"]
    token = answer.json()["value"]
    public = next(jwt.PyJWK(key) for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"])
    claims = jwt.decode(token, public, algorithms=["RS256"], audience="pypi", issuer=ISSUER)
    assert claims["exp"] - claims["iat"] == 300
    assert claims["nbf"] <= claims["iat"]
    assert {name: claims[name] for name in job_claims(RELEASE)} == job_claims(RELEASE)


def test_the_claims_are_githubs():
    claims = job_claims(RELEASE)
    assert claims["sub"] == "repo:octo/sampleproj:environment:pypi"
    assert claims["job_workflow_ref"] == claims["workflow_ref"]
    assert claims["workflow_ref"] == "octo/sampleproj/.github/workflows/release.yml@refs/tags/v1.0"
    assert (claims["repository_owner"], claims["repository_owner_id"], claims["ref_type"]) == ("octo", "1001", "tag")
    assert set(map(type, claims.values())) == {str}
    wanted = (
        "repository repository_id event_name actor run_id run_number run_attempt runner_environment sha ref workflow"
    )
    assert set(wanted.split()) < claims.keys()


@pytest.mark.parametrize(
    ("event", "ref", "subject"),
    [
        ("push", "refs/heads/main", "repo:octo/sampleproj:ref:refs/heads/main"),
        ("pull_request_target", "refs/heads/main", "repo:octo/sampleproj:pull_request"),
    ],
)
def test_the_subject_without_an_environment(event, ref, subject):
    job = Job("octo/sampleproj", 7, 1, ".github/workflows/x.yml", "X", ref, "b" * 40, event, "ada", 6)
    assert job_claims(job)["sub"] == subject
    assert "environment" not in job_claims(job)


def test_without_an_audience_it_is_the_owners_address(issuer):
    granted = issuer.grant(job_claims(RELEASE))
    token = ask(issuer, id_token_url(""), authorization=f"Bearer {granted}").json()["value"]
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == "https://github.com/octo"


@pytest.mark.parametrize("header", ["", "bearer ", "bearer unknown", "Basic unknown"])
def test_an_unknown_request_token_gets_nothing(issuer, header):
    assert ask(issuer, f"{id_token_url('')}&audience=pypi", authorization=header).status_code == 401


def test_a_grant_ends_with_its_job(issuer):
    granted = issuer.grant(job_claims(RELEASE))
    issuer.revoke(granted)
    assert issuer.redeem(granted, "pypi") is None


def test_each_token_has_an_identifier_of_its_own(issuer):
    granted = issuer.grant(job_claims(RELEASE))
    read = [issuer.verify(issuer.redeem(granted, "pypi"), "pypi")["jti"] for _ in range(2)]
    assert read[0] != read[1]


@pytest.mark.parametrize(("seconds", "valid"), [(0, True), (329, True), (331, False), (-29, True), (-31, False)])
def test_a_token_is_valid_for_five_minutes_with_thirty_seconds_of_grace(issuer, seconds, valid):
    token = issuer.jwt({"aud": "pypi", "nbf": int(issuer.store.now().timestamp())})
    issuer.store.advance(seconds)
    assert (issuer.verify(token, "pypi") is not None) is valid


@pytest.mark.parametrize(
    "changes", [{"aud": "testpypi"}, {"aud": ["pypi"]}, {"iss": "https://x.example"}, {"exp": "soon"}, {"iat": None}]
)
def test_another_audience_issuer_or_an_odd_time_is_not_verified(issuer, changes):
    assert issuer.verify(issuer.jwt({"aud": "pypi", **changes}), "pypi") is None


def test_a_token_that_was_changed_is_not_verified(issuer):
    head, body, signature = issuer.jwt({"aud": "pypi"}).split(".")
    other = issuer.jwt({"aud": "pypi", "sub": "changed"}).split(".")[1]
    assert issuer.verify(f"{head}.{body}.{signature}", "pypi")
    assert issuer.verify(f"{head}.{other}.{signature}", "pypi") is None
    assert issuer.verify("nonsense", "pypi") is None


def test_the_key_survives_a_restart(issuer):
    token = issuer.jwt({"aud": "pypi"})
    assert Issuer(issuer.store).verify(token, "pypi") is not None


def test_the_configuration_says_where_the_keys_are_served(issuer):
    answer = ask(issuer, "/.well-known/openid-configuration").json()
    assert (answer["issuer"], answer["jwks_uri"]) == (ISSUER, f"{BASE}/.well-known/jwks")


def test_no_private_part_is_published(issuer):
    assert set(issuer.jwks()["keys"][0]) == {"kty", "n", "e", "kid", "alg", "use"}
    assert "PRIVATE" not in json.dumps(issuer.jwks())
