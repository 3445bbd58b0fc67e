"""Who may do what: 401, 403 with the reason, and 404 for what a token cannot see."""

from __future__ import annotations

import base64

import pytest

from keyless.rehearsal.github import state
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import ADA, BOB, FINE, Client

DEMO, HIDDEN = "/repos/acme/demo", "/repos/acme/hidden"
SECRETS = f"{DEMO}/actions/secrets"


def fine(store: Store, repositories: list[str] | None = None, login: str = "ada", **permissions: str) -> Client:
    state.create_token(store, login, FINE, kind="fine-grained", permissions=permissions, repositories=repositories)
    return Client(store, FINE)


def classic(store: Store, *scopes: str, login: str = "ada") -> Client:
    token = "ghp_" + "C" * 36
    state.create_token(store, login, token, scopes=scopes)
    return Client(store, token)


def message(answer) -> str:
    return answer.json()["message"]


def test_a_token_that_is_not_known_is_401_everywhere(store: Store):
    stranger = Client(store, "ghp_" + "Z" * 36)
    for path in ("/user", DEMO, "/meta", "/rate_limit"):
        refused = stranger.get(path)
        assert (refused.status_code, message(refused)) == (401, "Bad credentials")


def test_a_revoked_token_is_401(store: Store, ada: Client):
    assert ada.get("/user").status_code == 200
    state.revoke_token(store, ADA)
    assert ada.get("/user").status_code == 401


@pytest.mark.parametrize("scheme", ["token {}", "Bearer {}", "bearer {}"])
def test_a_token_may_come_under_either_name(store: Store, nobody: Client, scheme: str):
    assert nobody.get("/user", Authorization=scheme.format(ADA)).json()["login"] == "ada"


def test_a_token_may_be_the_password_of_basic_authentication(nobody: Client):
    credential = base64.b64encode(f"x:{ADA}".encode()).decode()
    assert nobody.get("/user", Authorization=f"Basic {credential}").json()["login"] == "ada"
    assert nobody.get("/user", Authorization="Basic !!!").status_code == 401


def test_without_a_token_public_things_are_read_and_secrets_are_not(nobody: Client):
    assert nobody.get(DEMO).status_code == 200
    assert nobody.get(HIDDEN).status_code == 404
    refused = nobody.get(SECRETS)
    assert (refused.status_code, message(refused)) == (401, "Requires authentication")
    assert nobody.get("/user").status_code == 401
    assert nobody.get("/orgs/acme/actions/secrets").status_code == 401
    assert nobody.get("/repos/acme/none").status_code == 404
    assert nobody.get("/users/none").status_code == 404


def test_a_request_without_a_user_agent_is_refused(ada: Client):
    assert ada.get("/user", User_Agent="").status_code == 403


def test_a_private_repository_is_404_for_who_cannot_see_it(eve: Client, bob: Client, ada: Client):
    """bob is a member of the organisation and sees it; eve is nobody there."""
    assert eve.get(HIDDEN).status_code == 404
    assert eve.get(f"{HIDDEN}/actions/secrets").status_code == 404
    assert bob.get(HIDDEN).status_code == 200
    assert ada.get(HIDDEN).json()["permissions"]["admin"] is True


def test_secrets_ask_for_collaborators_and_say_so(bob: Client, eve: Client):
    assert bob.get(SECRETS).status_code == 200
    refused = eve.get(SECRETS)
    assert (refused.status_code, message(refused)) == (403, "Must have admin rights to Repository.")


def test_losing_the_role_loses_the_secrets(store: Store, bob: Client):
    state.set_role(store, "acme", "demo", "bob", "read")
    assert bob.get(SECRETS).status_code == 403
    state.set_role(store, "acme", "demo", "bob", "admin")
    assert bob.get(SECRETS).status_code == 200
    state.set_role(store, "acme", "demo", "bob", None)
    assert bob.get(SECRETS).status_code == 403


def test_an_organisations_secrets_are_its_admins(ada: Client, bob: Client, eve: Client):
    assert ada.get("/orgs/acme/actions/secrets").status_code == 200
    refused = bob.get("/orgs/acme/actions/secrets")
    assert refused.status_code == 403
    assert message(refused).startswith("You must be an org admin")
    assert eve.get("/orgs/acme/actions/secrets").status_code == 404
    assert ada.get("/orgs/ada/actions/secrets").status_code == 404


def test_a_classic_token_names_its_scopes_and_the_accepted_ones(store: Store):
    answer = classic(store, "repo", "gist").get(SECRETS)
    assert answer.headers["X-OAuth-Scopes"] == "gist, repo"
    assert answer.headers["X-Accepted-OAuth-Scopes"] == "repo"
    assert "X-Accepted-GitHub-Permissions" not in answer.headers


def test_a_classic_token_without_the_scope(store: Store):
    client = classic(store, "public_repo")
    assert client.get(DEMO).status_code == 200
    assert client.get(HIDDEN).status_code == 404
    assert client.get(SECRETS).status_code == 403
    refused = classic(store, "repo").get("/orgs/acme/actions/secrets")
    assert refused.status_code == 403
    assert refused.headers["X-Accepted-OAuth-Scopes"] == "admin:org"


def test_losing_a_scope_shows_at_once(store: Store, ada: Client):
    assert ada.get("/orgs/acme/actions/secrets").status_code == 200
    state.lose_permission(store, "ada", "admin:org")
    assert ada.get("/orgs/acme/actions/secrets").status_code == 403


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        (SECRETS, "secrets"),
        (f"{DEMO}/environments/pypi/secrets", "environments"),
        (f"{DEMO}/dependabot/secrets", "dependabot_secrets"),
        (f"{DEMO}/codespaces/secrets", "codespaces_secrets"),
        (f"{DEMO}/agents/secrets", "agent_secrets"),
        ("/orgs/acme/actions/secrets", "organization_secrets"),
        ("/orgs/acme/dependabot/secrets", "organization_dependabot_secrets"),
        (f"{DEMO}/secret-scanning/alerts", "secret_scanning_alerts"),
    ],
)
def test_a_fine_grained_token_is_told_the_permission_it_lacks(store: Store, path: str, permission: str):
    state.create_environment(store, "acme", "demo", "pypi")
    refused = fine(store).get(path)
    assert (refused.status_code, message(refused)) == (403, "Resource not accessible by personal access token")
    assert refused.headers["X-Accepted-GitHub-Permissions"] == f"{permission}=read"
    assert "X-OAuth-Scopes" not in refused.headers
    assert fine(store, **{permission: "read"}).get(path).status_code == 200


def test_reading_secrets_does_not_allow_to_change_them(store: Store):
    state.set_secret(store, "repository", "acme", "demo", None, "T", "x")
    refused = fine(store, secrets="read").ask("DELETE", f"{SECRETS}/T")
    assert refused.status_code == 403
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "secrets=write"
    assert fine(store, secrets="write").ask("DELETE", f"{SECRETS}/T").status_code == 204


def test_a_fine_grained_token_sees_only_its_repositories_and_public_ones(store: Store):
    client = fine(store, ["ada/own"], secrets="write", contents="read")
    assert client.get("/repos/ada/own/actions/secrets").status_code == 200
    assert client.get(f"{DEMO}/branches").status_code == 200
    assert client.get(SECRETS).status_code == 403
    assert client.get(HIDDEN).status_code == 404
    chosen = fine(store, ["acme/hidden"], secrets="read")
    assert chosen.get(f"{HIDDEN}/actions/secrets").status_code == 200
    refused = chosen.get(f"{HIDDEN}/branches")
    assert (refused.status_code, refused.headers["X-Accepted-GitHub-Permissions"]) == (403, "contents=read")


def test_a_token_gives_no_more_than_its_person_has(store: Store):
    assert fine(store, login="eve", secrets="write").get(SECRETS).status_code == 403


def test_lists_leave_out_what_cannot_be_seen(ada: Client, eve: Client):
    def names(client: Client) -> list[str]:
        return [one["full_name"] for one in client.json("/orgs/acme/repos")]

    assert names(ada) == ["acme/demo", "acme/hidden"]
    assert names(eve) == ["acme/demo"]
    assert [one["name"] for one in eve.json("/users/ADA/repos")] == ["own"]
    assert eve.get("/users/ghost/repos").status_code == 404


def test_a_persons_list_is_public_and_their_own_list_is_not(store: Store, ada: Client, bob: Client):
    state.create_repository(store, "ada", "secret-plans", private=True)
    assert [one["name"] for one in ada.json("/users/ada/repos")] == ["own"]
    own = [one["full_name"] for one in ada.json("/user/repos")]
    assert own == ["acme/demo", "acme/hidden", "ada/own", "ada/secret-plans"]
    assert [one["full_name"] for one in bob.json("/user/repos")] == ["acme/demo", "acme/hidden"]


def test_an_archived_repository_is_read_only(store: Store, ada: Client):
    state.set_secret(store, "repository", "acme", "demo", None, "T", "x")
    state.change_repository(store, "acme", "demo", archived=True)
    assert ada.get(DEMO).json()["archived"] is True
    assert message(ada.ask("DELETE", f"{SECRETS}/T")) == "Repository was archived so is read-only."
    assert state.secret_names(store, "repository", "acme", "demo") == ("T",)


def test_alerts_are_the_admins(store: Store, ada: Client, bob: Client):
    state.add_alert(store, "acme", "demo")
    state.add_alert(store, "acme", "demo", state="resolved")
    state.add_alert(store, "acme", "demo", secret_type="aws_access_key_id")
    query = "?secret_type=pypi_api_token&hide_secret=true"
    found = ada.json(f"{DEMO}/secret-scanning/alerts{query}&state=open")
    assert [one["number"] for one in found] == [1]
    assert "secret" not in found[0]
    assert [one["number"] for one in ada.json(f"{DEMO}/secret-scanning/alerts{query}")] == [2, 1]
    assert ada.json(f"{DEMO}/secret-scanning/alerts/1")["secret_type"] == "pypi_api_token"
    assert ada.get(f"{DEMO}/secret-scanning/alerts/9").status_code == 404
    assert bob.get(f"{DEMO}/secret-scanning/alerts").status_code == 403


def test_the_role_of_a_collaborator(ada: Client):
    roles = {who: ada.json(f"{DEMO}/collaborators/{who}/permission")["permission"] for who in ("ada", "bob", "eve")}
    assert roles == {"ada": "admin", "bob": "write", "eve": "read"}
    assert ada.json(f"{HIDDEN}/collaborators/eve/permission")["permission"] == "none"


def test_two_tokens_of_one_person_are_two_things(store: Store):
    """bob's classic token may write secrets while his fine-grained one may only look."""
    assert Client(store, BOB).get(SECRETS).status_code == 200
    assert fine(store, login="bob").get(SECRETS).status_code == 403
