"""The seven stores of secrets over HTTP."""

from __future__ import annotations

import base64

import pytest

from keyless.model.github import StoreKind
from keyless.rehearsal.github import secret_stores, state
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import Client

TOKEN = "pypi-" + "AgEIcHlwaS5vcmc" * 13
DEMO = "/repos/acme/demo"
STORES = {
    StoreKind.REPOSITORY: f"{DEMO}/actions/secrets",
    StoreKind.ENVIRONMENT: f"{DEMO}/environments/prod%2Feu/secrets",
    StoreKind.ORGANISATION: "/orgs/acme/actions/secrets",
    StoreKind.DEPENDABOT: f"{DEMO}/dependabot/secrets",
    StoreKind.ORGANISATION_DEPENDABOT: "/orgs/acme/dependabot/secrets",
    StoreKind.CODESPACES: f"{DEMO}/codespaces/secrets",
    StoreKind.AGENTS: f"{DEMO}/agents/secrets",
}
MORE = {StoreKind.ORGANISATION: {"visibility": "all"}, StoreKind.ORGANISATION_DEPENDABOT: {"visibility": "private"}}


@pytest.fixture(autouse=True)
def _environment(store: Store) -> None:
    state.create_environment(store, "acme", "demo", "prod/eu")


def value(store: Store, kind: StoreKind, name: str) -> str | None:
    return state.secret_value(store, kind, "acme", "demo", "prod/eu", name)


def test_every_store_of_the_model_has_an_address():
    assert STORES.keys() == set(StoreKind)


@pytest.mark.parametrize("kind", STORES, ids=lambda kind: kind.value)
def test_a_secret_is_created_replaced_listed_and_deleted(store: Store, ada: Client, kind: StoreKind):
    base, more = STORES[kind], MORE.get(kind, {})
    created = ada.ask("PUT", f"{base}/pypi_token", json=ada.seal(base, TOKEN) | more)
    assert (created.status_code, created.json()) == (201, {})
    assert value(store, kind, "PYPI_TOKEN") == TOKEN
    first = ada.json(base)["secrets"][0]
    replaced = ada.ask("PUT", f"{base}/PYPI_TOKEN", json=ada.seal(base, TOKEN + "2") | more)
    assert (replaced.status_code, replaced.content) == (204, b"")
    assert value(store, kind, "PYPI_TOKEN") == TOKEN + "2"
    listed = ada.json(base)
    assert listed["total_count"] == 1
    second = listed["secrets"][0]
    assert second["name"] == "PYPI_TOKEN"
    assert second["created_at"] == first["created_at"]
    assert second["updated_at"] > first["updated_at"]
    assert second == ada.json(f"{base}/Pypi_Token")
    assert ada.ask("DELETE", f"{base}/pypi_TOKEN").status_code == 204
    assert ada.ask("DELETE", f"{base}/pypi_TOKEN").status_code == 404
    assert ada.get(f"{base}/PYPI_TOKEN").status_code == 404
    assert ada.json(base) == {"total_count": 0, "secrets": []}


@pytest.mark.parametrize("kind", STORES, ids=lambda kind: kind.value)
def test_a_box_that_does_not_open_or_of_an_unknown_key_is_refused(store: Store, ada: Client, kind: StoreKind):
    base, more = STORES[kind], MORE.get(kind, {})
    good = ada.seal(base, TOKEN) | more
    other = base64.b64encode(bytes(80)).decode()
    assert ada.ask("PUT", f"{base}/T", json=good | {"encrypted_value": other}).status_code == 422
    assert ada.ask("PUT", f"{base}/T", json=good | {"encrypted_value": "not base64!"}).status_code == 422
    assert ada.ask("PUT", f"{base}/T", json=good | {"key_id": "568250167242549999"}).status_code == 422
    assert ada.ask("PUT", f"{base}/T", json={"key_id": good["key_id"]} | more).status_code == 422
    assert value(store, kind, "T") is None


def test_each_store_has_a_key_pair_of_its_own(ada: Client):
    keys = [ada.json(f"{base}/public-key") for base in STORES.values()]
    assert len({key["key"] for key in keys}) == len({key["key_id"] for key in keys}) == 7
    assert all(len(base64.b64decode(key["key"])) == 32 for key in keys)
    assert keys == [ada.json(f"{base}/public-key") for base in STORES.values()]


def test_a_box_for_the_key_before_a_rotation_is_refused_and_values_stay(store: Store, ada: Client):
    base = STORES[StoreKind.REPOSITORY]
    state.set_secret(store, StoreKind.REPOSITORY, "acme", "demo", None, "KEPT", TOKEN)
    old = ada.seal(base, TOKEN)
    secret_stores.rotate_key(store, secret_stores.place(store, "repository", "acme", "demo"))
    assert ada.ask("PUT", f"{base}/LATE", json=old).status_code == 422
    assert value(store, StoreKind.REPOSITORY, "KEPT") == TOKEN


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "github_x", "1ST", "WITH-DASH", "WITH%20SPACE", "%C3%84"])
def test_names_that_github_refuses(ada: Client, name: str):
    base = STORES[StoreKind.REPOSITORY]
    refused = ada.ask("PUT", f"{base}/{name}", json=ada.seal(base, TOKEN))
    assert refused.status_code == 422
    assert refused.json()["message"].startswith("Secret names")


def test_a_value_of_48_kb_is_taken_and_a_byte_more_is_not(ada: Client):
    base = STORES[StoreKind.REPOSITORY]
    assert ada.ask("PUT", f"{base}/BIG", json=ada.seal(base, "x" * 49152)).status_code == 201
    assert ada.ask("PUT", f"{base}/BIGGER", json=ada.seal(base, "x" * 49153)).status_code == 422


def test_the_hundred_and_first_secret_is_refused_and_replacing_goes_on(store: Store, ada: Client):
    base = STORES[StoreKind.REPOSITORY]
    with store.transaction():
        for number in range(100):
            state.set_secret(store, "repository", "acme", "demo", None, f"S{number}", "x")
    assert ada.ask("PUT", f"{base}/ONE_MORE", json=ada.seal(base, "x")).status_code == 422
    assert ada.ask("PUT", f"{base}/S7", json=ada.seal(base, "y")).status_code == 204


def test_an_environment_is_reached_only_by_its_encoded_name(store: Store, ada: Client):
    """`prod/eu` unencoded is another address: 404 (facts: githubkit does not encode path parameters)."""
    state.set_secret(store, "environment", "acme", "demo", "prod/eu", "T", TOKEN)
    assert ada.json(f"{DEMO}/environments/PROD%2Feu/secrets")["total_count"] == 1
    assert ada.get(f"{DEMO}/environments/other/secrets").status_code == 404
    names = [one["name"] for one in ada.json(f"{DEMO}/environments")["environments"]]
    assert names == ["prod/eu"]


def test_an_environment_that_is_deleted_takes_its_secrets_along(store: Store, ada: Client):
    state.set_secret(store, "environment", "acme", "demo", "prod/eu", "T", TOKEN)
    assert ada.ask("DELETE", f"{DEMO}/environments/prod%2Feu").status_code == 204
    assert ada.ask("PUT", f"{DEMO}/environments/prod%2Feu", json={}).status_code == 200
    assert ada.json(f"{DEMO}/environments/prod%2Feu/secrets")["total_count"] == 0


def test_no_file_of_the_rehearsal_holds_a_value(tmp_path):
    """What is kept is the sealed box, so the rehearsal's own files have no token's text in them."""
    path = tmp_path / "world.sqlite"
    store = Store(path)
    state.create_repository(store, "ada", "own")
    state.set_secret(store, "repository", "ada", "own", None, "T", TOKEN)
    assert state.secret_value(store, "repository", "ada", "own", None, "T") == TOKEN
    store.close()
    found = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert len(found) > 4096
    assert TOKEN.encode() not in found
    assert TOKEN[5:25].encode() not in found
