"""Pull requests."""

from __future__ import annotations

import pytest

from keyless.rehearsal.github import pulls, state
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import WORKFLOW, Client

DEMO = "/repos/acme/demo"
RELEASE = ".github/workflows/release.yml"
NEW = b"name: Release\r\non: release\r\njobs: {}\r\n"


@pytest.fixture(autouse=True)
def _branch(store: Store) -> None:
    state.create_branch(store, "acme", "demo", "keyless", {RELEASE: NEW})


def propose(client: Client, **more: str):
    body = {"title": "Move", "body": "Why", "head": "keyless", "base": "main", **more}
    return client.ask("POST", f"{DEMO}/pulls", json=body)


def test_a_pull_request_is_created_found_and_merged(store: Store, bob: Client):
    created = propose(bob)
    assert created.status_code == 201
    shown = created.json()
    assert shown["html_url"] == "https://github.rehearsal/acme/demo/pull/1"
    assert (shown["state"], shown["merged"], shown["mergeable"], shown["changed_files"]) == ("open", False, True, 1)
    assert (shown["commits"], shown["additions"], shown["deletions"]) == (1, 1, 1)
    assert shown["head"]["sha"] == state.head(store, "acme", "demo", "keyless")
    assert bob.get(f"{DEMO}/pulls/1/merge").status_code == 404
    before = state.head(store, "acme", "demo", "main")
    merged = bob.ask("PUT", f"{DEMO}/pulls/1/merge", json={"sha": shown["head"]["sha"]})
    assert merged.json()["merged"] is True
    assert state.head(store, "acme", "demo", "main") == merged.json()["sha"] != before
    assert state.tree(store, "acme", "demo", "main")[RELEASE] == NEW
    after = bob.json(f"{DEMO}/pulls/1")
    assert (after["state"], after["merged"], after["merge_commit_sha"]) == ("closed", True, merged.json()["sha"])
    assert after["merged_by"]["login"] == "bob"
    assert bob.get(f"{DEMO}/pulls/1/merge").status_code == 204
    assert bob.ask("PUT", f"{DEMO}/pulls/1/merge", json={}).status_code == 405


def test_the_list_is_filtered_by_head_base_and_state(store: Store, bob: Client):
    propose(bob)
    state.create_branch(store, "acme", "demo", "other", {"x": b"1"})
    propose(bob, head="other")
    state.close_pull_request(store, "acme", "demo", 1)

    def numbers(query: str) -> list[int]:
        return [one["number"] for one in bob.json(f"{DEMO}/pulls?{query}")]

    assert numbers("") == [2]
    assert numbers("state=all") == [2, 1]
    assert numbers("state=all&direction=asc") == [1, 2]
    assert numbers("state=all&head=acme:keyless") == [1]
    assert numbers("state=all&head=eve:keyless") == []
    assert numbers("state=closed&base=main") == [1]
    assert numbers("state=all&base=none") == []


def test_what_github_refuses_to_open(bob: Client):
    assert propose(bob, head="none").json()["errors"][0]["field"] == "head"
    assert propose(bob, base="none").json()["errors"][0]["field"] == "base"
    assert propose(bob, head="eve:keyless").status_code == 422
    nothing = propose(bob, head="main")
    assert nothing.json()["errors"][0]["message"] == "No commits between main and main"
    assert propose(bob).status_code == 201
    again = propose(bob)
    assert again.status_code == 422
    assert again.json()["errors"][0]["message"] == "A pull request already exists for acme:keyless."
    assert bob.get(f"{DEMO}/pulls/9").status_code == 404
    assert bob.get(f"{DEMO}/pulls/x").status_code == 404


def test_opening_and_merging_need_the_right_to_write(bob: Client, eve: Client):
    assert propose(eve).status_code == 404
    assert propose(bob).status_code == 201
    assert eve.json(f"{DEMO}/pulls/1")["number"] == 1
    assert eve.ask("PUT", f"{DEMO}/pulls/1/merge", json={}).status_code == 404


def test_a_merge_keeps_what_happened_on_the_base_meanwhile(store: Store, bob: Client):
    propose(bob)
    state.commit(store, "acme", "demo", "main", {"CHANGES": b"new"}, "meanwhile")
    state.merge_pull_request(store, "acme", "demo", 1, "ada")
    files = state.tree(store, "acme", "demo", "main")
    assert (files[RELEASE], files["CHANGES"]) == (NEW, b"new")
    assert state.pull_requests(store, "acme", "demo")[0]["merged_by"] == "ada"


def test_both_sides_changing_the_file_is_a_conflict(store: Store, bob: Client):
    propose(bob)
    state.commit(store, "acme", "demo", "main", {RELEASE: b"other"}, "meanwhile")
    assert bob.json(f"{DEMO}/pulls/1")["mergeable"] is False
    assert bob.ask("PUT", f"{DEMO}/pulls/1/merge", json={}).status_code == 405
    with pytest.raises(pulls.Unmergeable):
        state.merge_pull_request(store, "acme", "demo", 1, "ada")
    assert state.tree(store, "acme", "demo", "main")[RELEASE] == b"other"


def test_a_head_that_moved_since_the_caller_looked(store: Store, bob: Client):
    seen = propose(bob).json()["head"]["sha"]
    state.commit(store, "acme", "demo", "keyless", {RELEASE: WORKFLOW + b"# more\r\n"}, "more")
    assert bob.json(f"{DEMO}/pulls/1")["head"]["sha"] != seen
    assert bob.ask("PUT", f"{DEMO}/pulls/1/merge", json={"sha": seen}).status_code == 409


def test_a_pull_request_is_closed_by_hand(bob: Client):
    propose(bob)
    closed = bob.ask("PATCH", f"{DEMO}/pulls/1", json={"state": "closed"}).json()
    assert (closed["state"], closed["merged"]) == ("closed", False)
