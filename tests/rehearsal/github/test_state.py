"""What worlds and the runner do without HTTP, and that all of it lasts."""

from __future__ import annotations

import pytest

from keyless.rehearsal.github import accounts, state
from keyless.rehearsal.store import Store
from keyless.secret import Secret
from tests.rehearsal.github.conftest import ADA, Client


def test_a_world_survives_a_restart_of_the_server(tmp_path):
    """Store, key pairs, quota and clock are read again from the file; a box sealed before still opens."""
    path = tmp_path / "world.sqlite"
    store = Store(path)
    state.create_user(store, "ada", Secret(ADA))
    state.create_repository(store, "ada", "own", files={"a": b"1"})
    ada = Client(store, ADA)
    body = ada.seal("/repos/ada/own/actions/secrets", "value")
    store.advance(86400)
    spent = int(ada.get("/user").headers["X-RateLimit-Remaining"])
    store.close()
    store = Store(path)
    ada = Client(store, ADA)
    assert ada.ask("PUT", "/repos/ada/own/actions/secrets/T", json=body).status_code == 201
    assert state.secret_values(store, "ada", "own") == {"T": "value"}
    assert int(ada.get("/user").headers["X-RateLimit-Remaining"]) == spent - 2
    store.close()


def test_tokens_are_kept_as_digests(store: Store):
    assert not [key for key, document in store.all(accounts.TOKEN) if ADA in key + str(document)]
    assert accounts.token_holder(store, Secret(ADA)) == accounts.token_holder(store, ADA)


def test_commits_build_on_each_other_and_delete(store: Store):
    first = state.head(store, "acme", "demo", "main")
    second = state.commit(
        store, "acme", "demo", "main", {"README.md": None, "b/c": b"2"}, "Change", expected_head=first
    )
    assert state.head(store, "ACME", "Demo", "main") == second
    assert "README.md" in state.tree(store, "acme", "demo", first)
    assert state.tree(store, "acme", "demo", second).keys() == {
        "b/c",
        ".github/workflows/release.yml",
        "src/demo/__init__.py",
    }
    with pytest.raises(state.HeadMoved):
        state.commit(store, "acme", "demo", "main", {"x": b""}, "Late", expected_head=first)
    assert state.head(store, "acme", "demo", "main") == second


def test_a_tag_leads_to_its_commit(store: Store, ada: Client):
    sha = state.head(store, "acme", "demo", "main")
    state.commit(store, "acme", "demo", "main", {"x": b"1"}, "after the tag")
    state.tag(store, "acme", "demo", "v1.0", sha)
    assert state.tree(store, "acme", "demo", "v1.0") == state.tree(store, "acme", "demo", sha)
    assert ada.json("/repos/acme/demo/git/ref/tags/v1.0")["object"]["sha"] == sha


@pytest.mark.parametrize(
    "call",
    [
        lambda store: state.head(store, "acme", "none", "main"),
        lambda store: state.head(store, "acme", "demo", "none"),
        lambda store: state.tree(store, "acme", "demo", "0" * 40),
        lambda store: state.set_secret(store, "repository", "acme", "none", None, "T", "x"),
        lambda store: state.secret_value(store, "environment", "acme", "demo", "none", "T"),
        lambda store: state.finish_run(store, "acme", "demo", 1, "success"),
        lambda store: state.close_pull_request(store, "acme", "demo", 1),
    ],
)
def test_a_world_that_names_what_is_not_there_is_told(store: Store, call):
    with pytest.raises(state.NoSuchThing):
        call(store)


def test_a_past_name_still_means_the_repository(store: Store):
    state.rename_repository(store, "acme", "demo", "second")
    state.rename_repository(store, "acme", "second", "third")
    state.set_secret(store, "repository", "acme", "demo", None, "T", "x")
    assert state.secret_values(store, "acme", "third") == {"T": "x"}


def test_creating_twice_changes_nothing(store: Store):
    assert state.create_user(store, "ADA") == state.create_user(store, "ada")
    before = state.create_environment(store, "acme", "demo", "PyPI")
    assert state.create_environment(store, "acme", "demo", "pypi") == before
