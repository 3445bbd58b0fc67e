"""The state functions that worlds, the runner and the scripted person use."""

from __future__ import annotations

import pytest

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.rehearsal.index import state
from tests.rehearsal.index.world import RELEASE


def test_names_are_taken_once_whatever_their_spelling(world):
    with pytest.raises(state.Refused, match="already being used by another account"):
        state.create_account(world.store, world.index, "ADA", "x", "x@example.org")
    state.create_project(world.store, world.index, "sample_proj", ["ada"])
    with pytest.raises(state.Refused, match=r"The name 'Sample\.Proj' conflicts with an existing project"):
        state.create_project(world.store, world.index, "Sample.Proj", ["ada"])


def test_what_is_not_there_is_named(world):
    missing = "TestPyPI has no "
    ways = [
        lambda: state.create_project(world.store, Index.TESTPYPI, "x", ["ada"]),
        lambda: state.create_token(world.store, Index.TESTPYPI, "ada", None, "x"),
        lambda: state.set_role(world.store, Index.TESTPYPI, "sampleproj", "ada", state.OWNER),
        lambda: state.add_publisher(world.store, Index.TESTPYPI, "sampleproj", RELEASE),
        lambda: state.add_pending_publisher(world.store, Index.TESTPYPI, "ada", "x", RELEASE),
        lambda: state.publish_file(world.store, Index.TESTPYPI, "sampleproj", state.wheel("sampleproj", "1.0")),
    ]
    for way in ways:
        with pytest.raises(state.Refused, match=missing):
            way()
    with pytest.raises(state.Refused, match="Unknown or invalid project name: nothing"):
        state.create_token(world.store, world.index, "ada", "nothing", "x")


@pytest.mark.parametrize("field", ["frozn", "id2"])
def test_a_mistyped_field_of_an_account_is_an_error(world, field):
    with pytest.raises(KeyError):
        state.change_account(world.store, world.index, "ada", **{field: True})


def test_a_mistyped_switch_is_an_error(world):
    with pytest.raises(TypeError):
        state.set_switches(world.store, world.index, readonly=True)


def test_roles_are_given_changed_and_taken(world):
    seen = []
    for role in (state.MAINTAINER, state.OWNER, None):
        state.set_role(world.store, world.index, "sampleproj", "mallory", role)
        held = state.project(world.store, world.index, "sampleproj")
        seen.append([member["role"] for member in held["roles"] if member["user"] == "mallory"])
    assert seen == [["Maintainer"], ["Owner"], []]


def test_people_and_projects_can_be_listed(world):
    assert [body["user"] for body in state.accounts(world.store, world.index)] == ["ada", "mallory"]
    assert [body["name"] for body in state.projects_of(world.store, world.index, "ADA")] == ["sampleproj"]
    assert state.projects_of(world.store, world.index, "mallory") == []


def test_a_deleted_tokens_text_is_still_known_to_the_rehearsal(world):
    """So that a search for leaked tokens knows every one that ever existed."""
    token = world.user_token()
    identifier = state.token_identifier(token)
    assert state.delete_token(world.store, world.index, identifier)
    assert not state.delete_token(world.store, world.index, identifier)
    assert state.token_value(world.store, world.index, identifier) == token
    assert state.token_values(world.store, world.index) == [token]
    with pytest.raises(KeyError):
        state.token_value(world.store, world.index, "unknown")


def test_a_publisher_of_two_projects_stays_with_the_other(world):
    state.create_project(world.store, world.index, "second", ["ada"])
    identifier = state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    state.add_publisher(world.store, world.index, "second", RELEASE)
    assert state.remove_publisher(world.store, world.index, "sampleproj", identifier)
    assert not state.remove_publisher(world.store, world.index, "sampleproj", identifier)
    assert [row["projects"] for row in state.publishers(world.store, world.index)] == [["second"]]


def test_only_its_owner_removes_a_pending_publisher(world):
    identifier = state.add_pending_publisher(world.store, world.index, "ada", "newproj", RELEASE)
    assert not state.remove_pending_publisher(world.store, world.index, "mallory", identifier)
    assert state.remove_pending_publisher(world.store, world.index, "ada", identifier)


def test_others_pending_publishers_of_a_name_go_when_it_is_created(world):
    other = Publisher("octo", "elsewhere", "release.yml")
    state.add_pending_publisher(world.store, world.index, "ada", "New.Proj", RELEASE)
    state.add_pending_publisher(world.store, world.index, "mallory", "new-proj", other)
    assert world.mint().status_code == 200
    assert state.pending_publishers(world.store, world.index) == []
    assert state.project(world.store, world.index, "new_proj")["name"] == "New.Proj"


def test_a_files_version_is_read_from_its_name(world):
    for artefact in (state.wheel("sampleproj", "1.0rc1"), state.sdist("sampleproj", "2.0")):
        state.publish_file(world.store, world.index, "sampleproj", artefact)
    versions = [row["version"] for row in state.files(world.store, world.index, "sampleproj")]
    assert sorted(versions) == ["1.0rc1", "2.0"]


def test_building_twice_gives_the_same_bytes_and_another_body_others():
    for build in (state.wheel, state.sdist):
        assert build("sampleproj", "1.0") == build("sampleproj", "1.0")
        assert build("sampleproj", "1.0", "x") != build("sampleproj", "1.0")


def test_the_state_survives_a_restart(tmp_path):
    from keyless.rehearsal.store import Store

    path = tmp_path / "world.sqlite"
    store = Store(path)
    state.create_account(store, Index.PYPI, "ada", "x", "x@example.org")
    token = state.create_token(store, Index.PYPI, "ada", None, "a token")
    state.set_switches(store, Index.PYPI, read_only=True)
    store.close()
    again = Store(path)
    assert state.token_value(again, Index.PYPI, state.token_identifier(token)) == token
    assert state.switches(again, Index.PYPI).read_only is True
    again.close()
