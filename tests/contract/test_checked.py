"""The check against GitHub's description must itself be able to fail."""

from __future__ import annotations

import json

import pytest

from keyless.rehearsal.github.app import ENDPOINTS
from tests.contract.checked import Exchange, NotAsDescribed, check, find
from tests.contract.cut_openapi import amended, operations, references, without_prose

SECRETS = "https://api.github.com/repos/o/r/actions/secrets"
SECRET = {"name": "T", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}


def exchange(status: int, body: object, *, method: str = "GET", url: str = SECRETS, sent: object = None) -> Exchange:
    content = b"" if body is None else json.dumps(body).encode()
    asked = b"" if sent is None else json.dumps(sent).encode()
    return Exchange(method, url, [("content-type", "application/json")], asked, status, "application/json", content)


def test_an_answer_as_described_passes():
    check(exchange(200, {"total_count": 1, "secrets": [SECRET]}))
    check(
        exchange(200, {"total_count": 0, "secrets": []}, url="https://h/api/v3/repositories/7/actions/secrets?page=2")
    )
    check(exchange(403, {"message": "No", "documentation_url": "https://docs.github.com"}))
    check(exchange(304, None))


@pytest.mark.parametrize(
    "wrong",
    [
        exchange(200, {"secrets": [SECRET]}),
        exchange(200, {"total_count": "1", "secrets": []}),
        exchange(200, {"total_count": 1, "secrets": [SECRET | {"updated_at": "yesterday"}]}),
        exchange(200, {"total_count": 1, "secrets": [SECRET | {"updated_at": None}]}),
        exchange(202, {"total_count": 0, "secrets": []}),
        exchange(403, {"error": "No"}),
        exchange(304, {"total_count": 0, "secrets": []}),
        exchange(200, {"total_count": 0, "secrets": []}, url=SECRETS + "?per_page=many"),
        exchange(200, {}, url="https://api.github.com/repos/o/r/no-such-thing"),
        exchange(201, {}, method="PUT", url=SECRETS + "/T", sent={"key_id": "1"}),
        exchange(204, {"a": 1}, method="DELETE", url=SECRETS + "/T"),
        exchange(200, {}, method="POST", url="https://api.github.com/graphql", sent={"query": "{a}"}),
    ],
)
def test_what_is_not_as_described_fails(wrong: Exchange):
    with pytest.raises(NotAsDescribed):
        check(wrong)


def test_a_request_that_the_description_refuses_may_be_refused():
    refused = {"message": "Invalid request.", "documentation_url": "https://docs.github.com/rest"}
    check(exchange(422, refused, method="PUT", url=SECRETS + "/T", sent={"key_id": "1"}))


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("get", "/repos/o/r/branches/feature/x", "/repos/{owner}/{repo}/branches/{branch}"),
        ("get", "/repos/o/r/contents/a/b.yml", "/repos/{owner}/{repo}/contents/{path}"),
        ("get", "/repos/o/r/actions/secrets/public-key", "/repos/{owner}/{repo}/actions/secrets/public-key"),
        ("post", "/repos/o/r/git/refs", "/repos/{owner}/{repo}/git/refs"),
        ("delete", "/repos/o/r/git/refs/heads/x", "/repos/{owner}/{repo}/git/refs/{ref}"),
        ("get", "/organizations/5/repos", "/orgs/{org}/repos"),
    ],
)
def test_a_path_finds_its_place_in_the_description(method: str, path: str, template: str):
    assert find(method, path) == template


def test_everything_that_the_simulation_offers_is_described():
    offered = operations()
    assert len(offered) == len(ENDPOINTS) - 2 == 90
    for method, path in offered:
        assert find(method, path.replace("{", "").replace("}", ""))


def test_the_cut_keeps_names_and_drops_prose():
    part = {"description": "prose", "properties": {"description": {"type": "string", "description": "prose"}}}
    assert without_prose(part) == {"properties": {"description": {"type": "string"}}}
    assert references({"a": [{"$ref": "#/components/schemas/x"}]}) == {"schemas/x"}


def test_the_amendments():
    assert amended({"nullable": True, "enum": ["a"]}) == {"nullable": True, "enum": ["a", None]}
    assert amended([{"readOnly": True, "type": "integer"}]) == [{"type": "integer"}]
    created = {"in": "query", "name": "created", "schema": {"type": "string", "format": "date-time"}}
    assert amended(created)["schema"] == {"type": "string"}
    assert amended({"oneOf": [{}], "discriminator": {}}) == {"anyOf": [{}]}
