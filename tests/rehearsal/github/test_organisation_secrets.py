"""Organisation secrets: who sees them, and the list of selected repositories."""

from __future__ import annotations

import pytest

from keyless.rehearsal.github import state
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import Client

BASE = "/orgs/acme/actions/secrets"


def ids(store: Store, *names: str) -> list[int]:
    from keyless.rehearsal.github import repositories

    return [repositories.repository(store, "acme", name)["id"] for name in names]


def seen_in(client: Client, name: str) -> list[str]:
    listed = client.json(f"/repos/acme/{name}/actions/organization-secrets")
    return [one["name"] for one in listed["secrets"]]


@pytest.mark.parametrize(
    ("visibility", "demo", "hidden"), [("all", True, True), ("private", False, True), ("selected", True, False)]
)
def test_a_repository_sees_what_the_visibility_says(store: Store, ada: Client, visibility, demo, hidden):
    selected = ids(store, "demo") if visibility == "selected" else []
    body = ada.seal(BASE, "x") | {"visibility": visibility, "selected_repository_ids": selected}
    assert ada.ask("PUT", f"{BASE}/T", json=body).status_code == 201
    assert seen_in(ada, "demo") == (["T"] if demo else [])
    assert seen_in(ada, "hidden") == (["T"] if hidden else [])
    assert state.secret_values(store, "acme", "demo") == ({"T": "x"} if demo else {})


def test_a_put_without_visibility_is_refused(ada: Client):
    body = ada.seal(BASE, "x")
    assert ada.ask("PUT", f"{BASE}/T", json=body).status_code == 422
    wrong = body | {"visibility": "selected", "selected_repository_ids": ["demo"]}
    assert ada.ask("PUT", f"{BASE}/T", json=wrong).status_code == 422
    assert ada.json(BASE)["total_count"] == 0


def test_a_put_replaces_the_list_so_leaving_it_out_empties_it(store: Store, ada: Client):
    """GitHub's PUT must be sent visibility and ids again; what is not sent is gone."""
    state.set_secret(store, "organisation", "acme", None, None, "T", "x", selected=["demo", "hidden"])
    body = ada.seal(BASE, "y") | {"visibility": "selected"}
    assert ada.ask("PUT", f"{BASE}/T", json=body).status_code == 204
    assert ada.json(f"{BASE}/T/repositories")["total_count"] == 0


def test_the_list_shrinks_and_grows_repository_by_repository(store: Store, ada: Client):
    demo, hidden = ids(store, "demo", "hidden")
    state.set_secret(store, "organisation", "acme", None, None, "T", "x", selected=["demo"])
    before = ada.json(f"{BASE}/T")
    assert ada.ask("PUT", f"{BASE}/T/repositories/{hidden}").status_code == 204
    assert ada.ask("DELETE", f"{BASE}/T/repositories/{demo}").status_code == 204
    assert ada.ask("DELETE", f"{BASE}/T/repositories/{demo}").status_code == 204
    listed = ada.json(f"{BASE}/T/repositories")
    assert [one["full_name"] for one in listed["repositories"]] == ["acme/hidden"]
    assert ada.json(f"{BASE}/T")["updated_at"] > before["updated_at"]
    assert ada.ask("PUT", f"{BASE}/T/repositories", json={}).status_code == 422
    body = {"selected_repository_ids": [demo, hidden]}
    assert ada.ask("PUT", f"{BASE}/T/repositories", json=body).status_code == 204
    assert ada.json(f"{BASE}/T/repositories")["total_count"] == 2


def test_the_list_of_a_secret_that_is_not_selected_is_a_conflict(store: Store, ada: Client):
    state.set_secret(store, "organisation", "acme", None, None, "T", "x", visibility="all")
    (demo,) = ids(store, "demo")
    assert ada.ask("PUT", f"{BASE}/T/repositories/{demo}").status_code == 409
    assert ada.ask("DELETE", f"{BASE}/T/repositories/{demo}").status_code == 409


def test_only_the_organisations_own_repositories_can_be_selected(store: Store, ada: Client):
    from keyless.rehearsal.github import repositories

    foreign = repositories.repository(store, "ada", "own")["id"]
    state.set_secret(store, "organisation", "acme", None, None, "T", "x", selected=["demo"])
    assert ada.ask("PUT", f"{BASE}/T/repositories/{foreign}").status_code == 404
    assert ada.ask("PUT", f"{BASE}/NONE/repositories/{foreign}").status_code == 404


def test_a_persons_repository_sees_no_organisation_secret(store: Store, ada: Client):
    state.set_secret(store, "organisation", "acme", None, None, "T", "x", visibility="all")
    assert ada.json("/repos/ada/own/actions/organization-secrets") == {"total_count": 0, "secrets": []}


def test_environment_goes_before_repository_before_organisation(store: Store):
    """Deleting the nearer secret unmasks the farther one."""
    state.set_secret(store, "organisation", "acme", None, None, "t", "organisation", visibility="all")
    assert state.secret_values(store, "acme", "demo") == {"T": "organisation"}
    state.set_secret(store, "repository", "acme", "demo", None, "T", "repository")
    state.set_secret(store, "environment", "acme", "demo", "pypi", "T", "environment")
    assert state.secret_values(store, "acme", "demo", "PyPI") == {"T": "environment"}
    assert state.secret_values(store, "acme", "demo", "no-such") == {"T": "repository"}
    state.delete_secret(store, "repository", "acme", "demo", None, "T")
    assert state.secret_values(store, "acme", "demo") == {"T": "organisation"}


def test_dependabots_secrets_are_not_a_runs(store: Store):
    state.set_secret(store, "dependabot", "acme", "demo", None, "T", "x")
    state.set_secret(store, "organisation-dependabot", "acme", None, None, "U", "x")
    assert state.secret_values(store, "acme", "demo") == {}
