"""Limits, pages, ETags, redirects, versions, addresses: what every answer has in common."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

import pytest

from keyless.rehearsal.github import repositories, state
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import HOST, Client

DEMO = "/repos/acme/demo"
SECRETS = f"{DEMO}/actions/secrets"


def left(answer) -> int:
    return int(answer.headers["X-RateLimit-Remaining"])


def test_every_request_costs_one_of_five_thousand(store: Store, ada: Client, nobody: Client):
    first, second = ada.get("/user"), ada.get(SECRETS)
    assert first.headers["X-RateLimit-Limit"] == "5000"
    assert left(first) - left(second) == 1
    assert second.headers["X-RateLimit-Used"] == "2"
    assert int(second.headers["X-RateLimit-Reset"]) > store.now().timestamp() + 3000
    assert nobody.get(DEMO).headers["X-RateLimit-Limit"] == "60"


def test_asking_for_the_limit_costs_nothing(ada: Client):
    ada.get("/user")
    assert ada.json("/rate_limit")["resources"]["core"]["remaining"] == 4999
    assert ada.json("/rate_limit")["rate"]["used"] == 1


@pytest.mark.parametrize("status", [403, 429])
def test_an_exhausted_quota_refuses_until_the_reset(store: Store, ada: Client, bob: Client, status: int):
    state.set_rate_limit(store, "ada", remaining=1, reset_in=3000, status=status)
    assert ada.get("/user").status_code == 200
    refused = ada.get("/user")
    assert refused.status_code == status
    assert refused.json()["message"].startswith("API rate limit exceeded for user ID")
    assert left(refused) == 0
    assert abs(int(refused.headers["X-RateLimit-Reset"]) - store.now().timestamp() - 3000) < 30
    assert "Retry-After" not in refused.headers
    assert bob.get("/user").status_code == 200
    store.advance(3001)
    assert left(ada.get("/user")) == 4999


def test_an_exhausted_graphql_quota_is_an_error_in_a_200(store: Store, ada: Client):
    state.set_rate_limit(store, "ada", remaining=0, resource="graphql")
    assert ada.graphql("{viewer{login}}")["errors"][0]["type"] == "RATE_LIMITED"
    assert ada.get("/user").status_code == 200


@pytest.mark.parametrize(("status", "retry_after"), [(403, 60), (403, None), (429, 5), (429, None)])
def test_a_secondary_limit(store: Store, ada: Client, status: int, retry_after: int | None):
    state.set_secondary_limit(store, times=2, status=status, retry_after=retry_after)
    for _ in range(2):
        refused = ada.get("/user")
        assert refused.status_code == status
        assert refused.json()["message"].startswith("You have exceeded a secondary rate limit")
        assert refused.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))
        assert left(refused) > 0
    assert ada.get("/user").status_code == 200


def test_a_secondary_limit_on_writes_leaves_reads(store: Store, ada: Client):
    state.set_secret(store, "repository", "acme", "demo", None, "T", "x")
    state.set_secondary_limit(store, times=-1, writes_only=True)
    assert ada.get(SECRETS).status_code == 200
    assert ada.ask("DELETE", f"{SECRETS}/T").status_code == 403
    state.set_secondary_limit(store, times=0)
    assert ada.ask("DELETE", f"{SECRETS}/T").status_code == 204


def test_nine_hundred_points_a_minute_where_a_write_costs_five(store: Store, ada: Client):
    """180 writes fill the minute; the next request waits until it is over."""
    answers = [ada.ask("DELETE", f"{SECRETS}/T").status_code for _ in range(180)]
    assert set(answers) == {404}
    refused = ada.get("/user")
    assert refused.status_code == 403
    store.advance(int(refused.headers["Retry-After"]) + 1)
    assert ada.get("/user").status_code == 200


def test_the_limits_of_a_minute_can_be_lifted(store: Store, ada: Client):
    state.lift_minute_limits(store)
    assert {ada.ask("DELETE", f"{SECRETS}/T").status_code for _ in range(185)} == {404}


def test_eighty_new_things_a_minute(store: Store, ada: Client):
    sha = state.head(store, "acme", "demo", "main")
    body = [{"ref": f"refs/heads/b{number}", "sha": sha} for number in range(81)]
    answers = [ada.ask("POST", f"{DEMO}/git/refs", json=one).status_code for one in body]
    assert answers == [201] * 80 + [403]


def test_pages_are_linked_as_github_links_them(store: Store, ada: Client):
    """Links lead to /repositories/{id}/…, which works like the address by name."""
    with store.transaction():
        for number in range(25):
            state.set_secret(store, "repository", "acme", "demo", None, f"S{number:02}", "x")
    seen: list[str] = []
    path, links = f"{SECRETS}?per_page=10", []
    while path:
        answer = ada.get(path)
        assert answer.json()["total_count"] == 25
        seen += [one["name"] for one in answer.json()["secrets"]]
        links.append(sorted(answer.links))
        path = answer.links.get("next", {}).get("url", "").removeprefix(HOST)
        assert not path or path.startswith("/repositories/")
    assert seen == [f"S{number:02}" for number in range(25)]
    assert links == [["last", "next"], ["first", "last", "next", "prev"], ["first", "prev"]]


def test_a_page_has_thirty_and_at_most_a_hundred(store: Store, ada: Client):
    with store.transaction():
        for number in range(110):
            state.create_repository(store, "acme", f"r{number}", owner_is_organisation=True)
    assert len(ada.json("/orgs/acme/repos")) == 30
    biggest = ada.get("/orgs/acme/repos?per_page=100&page=2")
    assert len(biggest.json()) == 12
    assert biggest.links["prev"]["url"].startswith(f"{HOST}/organizations/")
    assert len(ada.json(biggest.links["prev"]["url"].removeprefix(HOST))) == 100
    assert ada.json("/orgs/acme/repos?per_page=100&page=9") == []


def test_a_conditional_request_costs_nothing_while_nothing_changed(store: Store, ada: Client):
    first = ada.get(SECRETS)
    again = ada.get(SECRETS, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert left(again) == left(first)
    state.set_secret(store, "repository", "acme", "demo", None, "T", "x")
    changed = ada.get(SECRETS, If_None_Match=first.headers["ETag"])
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert left(changed) == left(first) - 1


def test_head_is_get_without_a_body(ada: Client):
    answer = ada.ask("HEAD", SECRETS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["ETag"] == ada.get(SECRETS).headers["ETag"]


def test_a_renamed_repository_redirects_reads_and_writes_differently(store: Store, ada: Client):
    identifier = repositories.repository(store, "acme", "demo")["id"]
    state.set_secret(store, "repository", "acme", "demo", None, "T", "x")
    state.rename_repository(store, "acme", "demo", "new-name")
    moved = ada.get(f"{SECRETS}?per_page=5")
    assert moved.status_code == 301
    assert moved.headers["Location"] == f"{HOST}/repositories/{identifier}/actions/secrets?per_page=5"
    assert ada.json(moved.headers["Location"].removeprefix(HOST))["total_count"] == 1
    write = ada.ask("DELETE", f"{SECRETS}/T")
    assert write.status_code == 307
    assert write.headers["Location"] == f"{HOST}/repositories/{identifier}/actions/secrets/T"
    assert state.secret_names(store, "repository", "acme", "new-name") == ("T",)
    assert ada.ask("DELETE", write.headers["Location"].removeprefix(HOST)).status_code == 204
    assert ada.json("/repos/ACME/New-Name")["full_name"] == "acme/new-name"


def test_a_transferred_repository_redirects_too_and_the_old_name_can_be_taken(store: Store, ada: Client, eve: Client):
    state.rename_repository(store, "acme", "demo", "demo", new_owner="ada")
    assert ada.get(DEMO).status_code == 301
    assert ada.json("/repos/ada/demo")["owner"]["login"] == "ada"
    state.create_repository(store, "acme", "demo", owner_is_organisation=True)
    assert ada.json(DEMO)["id"] != ada.json("/repos/ada/demo")["id"]


def test_a_rename_says_nothing_to_who_cannot_see(store: Store, eve: Client):
    state.rename_repository(store, "acme", "hidden", "other")
    assert eve.get("/repos/acme/hidden").status_code == 404


def test_the_date_is_the_rehearsals(store: Store, ada: Client):
    before = parsedate_to_datetime(ada.get("/user").headers["Date"])
    store.advance(14 * 86400)
    after = parsedate_to_datetime(ada.get("/user").headers["Date"])
    assert 14 * 86400 - 5 <= (after - before).total_seconds() <= 14 * 86400 + 60


def test_the_version_is_echoed_and_an_unknown_one_refused(ada: Client):
    answer = ada.get("/user", X_GitHub_Api_Version="2026-03-10")
    assert answer.headers["X-GitHub-Api-Version-Selected"] == "2026-03-10"
    assert ada.get("/user").headers["X-GitHub-Api-Version-Selected"] == "2022-11-28"
    assert ada.get("/user", X_GitHub_Api_Version="1999-01-01").status_code == 400


def test_every_answer_has_a_request_id_of_its_own(ada: Client):
    ids = [ada.get("/user").headers["X-GitHub-Request-Id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[0-9A-F]{4}(:[0-9A-F]+){4}", one) for one in ids)


def test_an_enterprise_address_reaches_the_same_things(ada: Client):
    own = ada.get("/api/v3/repos/acme/demo").json()
    assert own["url"] == f"{HOST}/api/v3/repos/acme/demo"
    assert own["id"] == ada.json(DEMO)["id"]
    answer = ada.ask("POST", "/api/graphql", json={"query": "{viewer{login}}"})
    assert answer.json() == {"data": {"viewer": {"login": "ada"}}}


def test_links_for_people_lead_to_the_site(ada: Client):
    assert ada.json(DEMO)["html_url"] == "https://github.rehearsal/acme/demo"
    assert ada.json(DEMO)["owner"]["html_url"] == "https://github.rehearsal/acme"


def test_an_address_that_means_nothing_is_404(store: Store):
    from tests.contract.checked import NotAsDescribed

    with pytest.raises(NotAsDescribed, match="has no GET /no/such"):
        Client(store, None).get("/no/such/address")


def test_a_body_that_is_not_json_is_400(store: Store):
    import asyncio

    import httpx

    from keyless.rehearsal.github.app import github_app
    from tests.rehearsal.github.conftest import ADA

    async def go(content: bytes) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(github_app(store)), base_url=HOST) as client:
            headers = {"Authorization": f"token {ADA}"}
            return await client.post(f"{DEMO}/git/refs", content=content, headers=headers)

    assert asyncio.run(go(b"{")).json()["message"] == "Problems parsing JSON"
    assert asyncio.run(go(b"[]")).status_code == 400
    assert asyncio.run(go(b"")).status_code == 422
