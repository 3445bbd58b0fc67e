"""Token exchange: every answer of `/_/oidc/mint-token`, and which publisher a JWT speaks for."""

from __future__ import annotations

import jwt as pyjwt
import pytest

from keyless.model.publisher import Publisher
from keyless.rehearsal.github.accounts import create_user
from keyless.rehearsal.index import macaroon, state
from keyless.rehearsal.issuer import Issuer
from keyless.rehearsal.store import Store
from keyless.secret import Secret
from tests.rehearsal.index.world import RELEASE

NOT_FOUND = "valid token, but no corresponding publisher (Publisher with matching claims was not found)"
NOT_ENABLED = ("not-enabled", "github trusted publishing functionality not enabled")
NEW = Publisher("octo", "newproj", "release.yml", "pypi")


def refused(answer) -> tuple[str, str]:
    body = answer.json()
    assert (answer.status_code, body["message"], len(body["errors"])) == (422, "Token request failed", 1)
    return body["errors"][0]["code"], body["errors"][0]["description"]


def register(world, publisher: Publisher = RELEASE, **more) -> str:
    return state.add_publisher(world.store, world.index, "sampleproj", publisher, **more)


def test_the_audience_differs_by_index(world, test_world):
    assert world.ask("GET", "/_/oidc/audience").json() == {"audience": "pypi"}
    assert test_world.ask("GET", "/_/oidc/audience").json() == {"audience": "testpypi"}


def test_a_jwt_is_exchanged_for_a_token_of_fifteen_minutes(world):
    identifier = register(world)
    answer = world.mint().json()
    read = macaroon.read(answer["token"])
    project = state.project(world.store, world.index, "sampleproj")["id"]
    begun = answer["expires"] - 900
    assert answer["success"] is True
    assert abs(begun - world.store.now().timestamp()) < 5
    assert [caveat.decode() for caveat in read.caveats] == [
        f'[4,"{identifier}",null]',
        f'[2,["{project}"]]',
        f"[0,{begun + 900},{begun}]",
    ]


def test_a_jwt_is_good_for_one_exchange(world):
    register(world)
    jwt = world.jwt()
    assert world.mint(jwt).status_code == 200
    assert refused(world.mint(jwt)) == ("invalid-reuse-token", "invalid token: already used")


def test_a_refused_jwt_is_not_used_up(world):
    jwt = world.jwt()
    assert refused(world.mint(jwt))[0] == "invalid-publisher"
    register(world)
    assert world.mint(jwt).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"token": 7}', b'{"jwt": "x"}'])
def test_a_body_that_is_no_payload(world, body):
    code, description = refused(world.ask("POST", "/_/oidc/mint-token", content=body))
    assert (code, "TokenPayload" in description) == ("invalid-payload", True)


@pytest.mark.parametrize("jwt", ["", "x", "a.b.c", pyjwt.encode({"sub": "no issuer"}, "k" * 32)])
def test_a_text_that_is_no_jwt(world, jwt):
    assert refused(world.ask("POST", "/_/oidc/mint-token", json={"token": jwt})) == ("invalid-payload", "malformed JWT")


def test_a_jwt_of_an_unknown_issuer(world):
    jwt = world.jwt(iss="https://elsewhere.example")
    assert refused(world.mint(jwt)) == ("invalid-payload", "unknown trusted publishing issuer")


def test_the_other_indexs_audience_is_refused(world):
    register(world)
    assert refused(world.mint(world.jwt("testpypi"))) == ("invalid-token", "malformed or invalid token")


def test_several_audiences_are_refused(world):
    register(world)
    assert refused(world.mint(world.jwt(aud=["pypi", "other"])))[0] == "invalid-token"


def test_a_jwt_signed_with_another_key_is_refused(world):
    register(world)
    store = Store()
    jwt = Issuer(store).jwt(world.claims())
    store.close()
    assert refused(world.mint(jwt)) == ("invalid-token", "malformed or invalid token")


@pytest.mark.parametrize(("seconds", "code"), [(300, None), (331, "invalid-token")])
def test_an_expired_jwt_is_refused_after_thirty_seconds_of_grace(world, seconds, code):
    register(world)
    jwt = world.jwt()
    world.store.advance(seconds)
    answer = world.mint(jwt)
    assert answer.status_code == (200 if code is None else 422)


def test_a_jwt_from_the_future_is_refused(world):
    register(world)
    now = int(world.store.now().timestamp())
    assert refused(world.mint(world.jwt(nbf=now + 60, iat=now + 60, exp=now + 120)))[0] == "invalid-token"


def test_trusted_publishing_can_be_switched_off(world):
    register(world)
    state.set_switches(world.store, world.index, trusted_publishing_disabled=True)
    assert refused(world.mint()) == NOT_ENABLED
    assert world.ask("GET", "/_/oidc/audience").status_code == 403


@pytest.mark.parametrize(
    "publisher",
    [
        Publisher("octo", "sampleproj", "publish.yml"),
        Publisher("octo", "sampleproj", "Release.yml"),
        Publisher("octo", "Sampleproj", "release.yml"),
        Publisher("octo", "other", "release.yml"),
        Publisher("octo", "sampleproj", "release.yml", "pypi"),
    ],
)
def test_a_publisher_with_another_value_does_not_match(world, publisher):
    """Repository and workflow with their case; an environment that the job does not have."""
    register(world, publisher)
    assert refused(world.mint()) == ("invalid-publisher", NOT_FOUND)


def test_the_owner_is_registered_in_githubs_spelling(world):
    register(world, Publisher("OCTO", "sampleproj", "release.yml"))
    assert world.mint().status_code == 200


def test_another_owner_id_under_the_same_name_does_not_match(world):
    """An account that was deleted and taken by somebody else."""
    register(world, owner_id=4711)
    assert refused(world.mint()) == ("invalid-publisher", NOT_FOUND)


def test_a_renamed_owner_or_repository_does_not_match(world):
    register(world)
    ref = "refs/tags/v1.0"
    renamed_owner = {
        "repository": "octopus/sampleproj",
        "repository_owner": "octopus",
        "job_workflow_ref": f"octopus/sampleproj/.github/workflows/release.yml@{ref}",
    }
    renamed_repository = {
        "repository": "octo/renamed",
        "job_workflow_ref": f"octo/renamed/.github/workflows/release.yml@{ref}",
    }
    for changes in (renamed_owner, renamed_repository):
        assert refused(world.mint(world.jwt(**changes))) == ("invalid-publisher", NOT_FOUND)


@pytest.mark.parametrize(
    ("configured", "claimed", "works"),
    [
        ("pypi", "pypi", True),
        ("PyPI", "pypi", True),
        ("pypi", "PyPI", True),
        (None, "anything", True),
        (None, None, True),
        ("pypi", None, False),
        ("pypi", "other", False),
    ],
)
def test_environments_compare_without_case_and_none_means_any(world, configured, claimed, works):
    register(world, Publisher("octo", "sampleproj", "release.yml", configured))
    answer = world.mint(world.jwt(environment=claimed))
    assert answer.status_code == (200 if works else 422)


def test_the_publisher_with_the_environment_wins(world):
    register(world)
    narrow = register(world, Publisher("octo", "sampleproj", "release.yml", "pypi"))
    token = Secret(world.mint(world.jwt(environment="pypi")).json()["token"])
    assert state.token(world.store, world.index, state.token_identifier(token))["publisher"] == narrow


def test_pull_request_target_never_publishes(world):
    register(world)
    code, description = refused(world.mint(world.jwt(event_name="pull_request_target")))
    assert code == "invalid-publisher"
    assert "(Publishing from a workflow invoked via 'pull_request_target' is not supported.)" in description


def test_a_reusable_workflow_of_another_repository_does_not_work(world):
    """The file name is the called workflow's; with the same name the reference still differs."""
    register(world)
    called = "octo/shared/.github/workflows/release.yml@refs/heads/main"
    code, description = refused(world.mint(world.jwt(job_workflow_ref=called)))
    own = "octo/sampleproj/.github/workflows/release.yml@"
    assert code == "invalid-publisher"
    assert description == (
        "valid token, but no corresponding publisher (The job_workflow_ref claim does not match, expecting one of "
        f"['{own}{'a' * 40}', '{own}refs/tags/v1.0'], got '{called}')"
    )


def test_a_workflow_reference_by_commit_works(world):
    register(world)
    by_commit = f"octo/sampleproj/.github/workflows/release.yml@{'a' * 40}"
    assert world.mint(world.jwt(job_workflow_ref=by_commit)).status_code == 200


@pytest.mark.parametrize("claim", ["repository", "repository_owner_id", "job_workflow_ref", "event_name", "ref", "sha"])
def test_a_missing_claim_is_named(world, claim):
    register(world)
    _, description = refused(world.mint(world.jwt(**{claim: None})))
    assert description == f"valid token, but no corresponding publisher (Missing claim {claim!r})"


def test_a_workflow_reference_without_a_file(world):
    register(world)
    _, description = refused(world.mint(world.jwt(job_workflow_ref="octo/sampleproj@main")))
    assert "Could not job extract workflow filename from OIDC claims" in description


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"repository_owner": "Octo"}, "Check failed for required claim 'repository_owner'"),
        ({"ref": "", "sha": ""}, "The ref and sha claims are empty"),
    ],
)
def test_claims_that_disagree_with_each_other(world, changes, why):
    register(world)
    _, description = refused(world.mint(world.jwt(**changes)))
    assert description == f"valid token, but no corresponding publisher ({why})"


def test_a_pending_publisher_creates_its_project_once(world):
    state.add_pending_publisher(world.store, world.index, "mallory", "newproj", NEW)
    changes = {
        "repository": "octo/newproj",
        "job_workflow_ref": "octo/newproj/.github/workflows/release.yml@refs/tags/v1.0",
        "environment": "pypi",
    }
    assert world.mint(world.jwt(**changes)).status_code == 200
    project = state.project(world.store, world.index, "newproj")
    assert project["roles"] == [{"user": "mallory", "role": "Owner"}]
    assert state.pending_publishers(world.store, world.index) == []
    assert world.mint(world.jwt(**changes)).status_code == 200


def test_a_pending_publisher_whose_project_exists_meanwhile_is_dropped(world):
    state.add_pending_publisher(world.store, world.index, "mallory", "newproj", RELEASE)
    state.create_project(world.store, world.index, "newproj", ["ada"])
    assert refused(world.mint()) == ("invalid-pending-publisher", "valid token, but project already exists")
    assert refused(world.mint()) == ("invalid-publisher", NOT_FOUND)


def test_a_pending_publisher_expires_after_thirty_days(world):
    state.add_pending_publisher(world.store, world.index, "mallory", "newproj", RELEASE)
    world.store.advance(30 * 86_400)
    assert refused(world.mint()) == ("invalid-publisher", NOT_FOUND)
    assert state.project(world.store, world.index, "newproj") is None


def test_a_person_has_three_pending_publishers_at_most(world):
    for number in range(3):
        publisher = Publisher("octo", f"new{number}", "release.yml")
        state.add_pending_publisher(world.store, world.index, "ada", f"new{number}", publisher)
    with pytest.raises(state.Refused, match="more than 3 pending"):
        state.add_pending_publisher(world.store, world.index, "ada", "newproj", NEW)
    assert state.add_pending_publisher(world.store, world.index, "mallory", "newproj", NEW)


def test_one_publisher_may_serve_several_projects(world):
    state.create_project(world.store, world.index, "second", ["ada"])
    first = register(world)
    assert state.add_publisher(world.store, world.index, "second", RELEASE) == first
    token = world.minted()
    assert world.upload(token).status_code == 200
    assert world.upload(token, state.wheel("second", "1.0"), name="second").status_code == 200


def test_registering_twice_or_for_an_unknown_owner_is_refused(world):
    register(world)
    with pytest.raises(state.Refused, match=r"release\.yml is already registered with sampleproj"):
        register(world)
    with pytest.raises(state.Refused, match="Unknown GitHub user or organization"):
        register(world, Publisher("nobody", "sampleproj", "release.yml"))


def test_an_owner_created_later_can_be_registered(world):
    create_user(world.store, "Later")
    identifier = register(world, Publisher("later", "sampleproj", "release.yml"))
    rows = {row["id"]: row for row in state.publishers(world.store, world.index, "sampleproj")}
    assert rows[identifier]["owner"] == "Later"


def test_a_minted_token_can_be_burnt_once(world):
    register(world)
    token = world.minted()
    burn = {"token": token.reveal()}
    assert world.ask("POST", "/_/oidc/burn-token", json=burn).status_code == 204
    assert world.ask("POST", "/_/oidc/burn-token", json=burn).status_code == 404
    assert world.upload(token).status_code == 403


def test_a_persons_token_and_a_forged_one_are_not_burnt(world):
    register(world)
    person, minted = world.user_token(), world.minted()
    read = macaroon.read(minted.reveal())
    forged = macaroon.write(macaroon.Macaroon(read.location, read.identifier, (), b"\0" * 32))
    for text in (person.reveal(), forged, "x"):
        assert world.ask("POST", "/_/oidc/burn-token", json={"token": text}).status_code == 404
    assert len(state.tokens(world.store, world.index)) == 2


def test_minted_tokens_are_forgotten_after_a_day(world):
    register(world)
    world.minted()
    world.store.advance(86_401)
    newer = world.minted()
    assert [row["id"] for row in state.tokens(world.store, world.index)] == [state.token_identifier(newer)]
