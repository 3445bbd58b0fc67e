"""R18: the world moved after the plan was made. Each time the run stops, says so, and touches nothing after that."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyless.errors import KeylessError
from keyless.model.plan import RegisterPublisher
from keyless.rehearsal.github import repositories, secret_stores, state
from tests.staging import Scene

FILE = ".github/workflows/release.yml"
BOTH = {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}
HERE = ("shap-like", "shap")


def secret_edited(play: Scene) -> None:
    play.edit_secret("PYPI_API_TOKEN")


def secret_made_anew(play: Scene) -> None:
    state.delete_secret(play.store, "repository", *HERE, None, "PYPI_API_TOKEN")
    play.edit_secret("PYPI_API_TOKEN")


def workflow_reads_again(play: Scene) -> None:
    play.write(FILE, play.told["before"])


def other_file_reads(play: Scene) -> None:
    play.write(".github/workflows/second.yml", play.told["before"])


def default_branch_renamed(play: Scene) -> None:
    state.rename_branch(play.store, *HERE, "main", "trunk")
    play.write(FILE, play.told["before"], branch="trunk")


def repository_renamed(play: Scene) -> None:
    state.rename_repository(play.store, *HERE, "shapely")


def repository_moved(play: Scene) -> None:
    state.create_organisation(play.store, "elsewhere", members={"nadia": "admin"})
    state.rename_repository(play.store, *HERE, "shap", "elsewhere")


def permission_lost(play: Scene) -> None:
    state.lose_permission(play.store, "nadia", "repo")


def token_revoked(play: Scene) -> None:
    state.revoke_token(play.store, play.world.person("nadia").github_token)


def archived(play: Scene) -> None:
    state.change_repository(play.store, *HERE, archived=True)


def same_name_in_environment(play: Scene) -> None:
    play.edit_secret("PYPI_API_TOKEN", kind="environment", environment="release")


def same_name_in_organisation(play: Scene) -> None:
    play.edit_secret("PYPI_API_TOKEN", kind="organisation", visibility="all")


MOVES: list[tuple[Callable[[Scene], None], set[int]]] = [
    (secret_edited, {12}),
    (secret_made_anew, {12}),
    (workflow_reads_again, {13}),
    (other_file_reads, {13}),
    (default_branch_renamed, {12, 13}),
    (repository_renamed, {12, 4}),
    (repository_moved, {12, 4}),
    (permission_lost, {4}),
    (token_revoked, {4}),
    (archived, {4}),
    (same_name_in_environment, {12}),
    (same_name_in_organisation, {12}),
]


def held(play: Scene) -> set[str]:
    """The names in the repository's own store, whatever it is called now."""
    document = repositories.lookup(play.store, *HERE)[0]
    return set(state.secret_names(play.store, "repository", document["owner"], document["name"]))


@pytest.mark.parametrize(("move", "codes"), MOVES, ids=[move.__name__ for move, _ in MOVES])
def test_the_world_moved_just_before_the_removal(
    scene: Callable[..., Scene], move: Callable[[Scene], None], codes: set[int]
) -> None:
    play = scene()
    before = play.read_file(FILE)

    def happen() -> None:
        play.told["before"] = before
        move(play)

    play.heard.at["Remove PYPI_API_TOKEN"] = happen
    error = play.error(play.migrate)
    assert isinstance(error, KeylessError)
    assert error.exit_code in codes, error
    assert "PYPI_API_TOKEN" in held(play)
    assert error.hint, "what to do next"


@pytest.mark.parametrize("change", [b"on: push\njobs: {}\n", b"broken: [\n"])
def test_a_workflow_that_changed_before_the_proposal_stops_the_plan(scene: Callable[..., Scene], change: bytes) -> None:
    play = scene()
    play.heard.at["Take the token out"] = lambda: play.write(FILE, change)
    error = play.error(play.migrate)
    assert error.exit_code == 12
    assert "--replan" in error.hint
    assert state.pull_requests(play.store, *HERE) == []
    assert held(play) == BOTH


def test_a_workflow_that_changed_while_the_pull_request_waited_is_planned_again_and_the_old_one_closed(
    scene: Callable[..., Scene],
) -> None:
    play = scene()
    play.acts = False
    play.error(play.migrate)
    play.write(FILE, play.read_file(FILE) + b"# somebody was here\n")
    assert play.error(play.migrate).exit_code == 12
    play.acts = True
    play.carry_out(*[step for step in play.plan().steps if isinstance(step, RegisterPublisher)])
    play.migrate(replan=True)
    assert held(play) == set()
    assert {pull["state"] for pull in state.pull_requests(play.store, *HERE)} == {"closed"}
    assert play.read_file(FILE).endswith(b"# somebody was here\n")


def test_a_secret_that_was_edited_goes_after_a_new_plan(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.heard.at["Remove PYPI_API_TOKEN"] = lambda: secret_edited(play)
    assert play.error(play.migrate).exit_code == 12
    play.migrate(replan=True)
    assert held(play) == set()


def test_a_renamed_repository_is_named_by_its_new_name(scene: Callable[..., Scene]) -> None:
    play = scene()
    repository_renamed(play)
    error = play.error(play.migrate)
    assert error.exit_code == 12
    assert "shap-like/shapely" in error.what + error.hint


def test_the_list_of_an_organisations_secret_grew_after_the_plan(scene: Callable[..., Scene]) -> None:
    """What a rollback would put back is the list that the plan saw, so another list is another secret."""
    play = scene("organisation")
    lantern, anchor = play.world.migrate
    play.migrate(lantern)
    other = state.create_repository(play.store, "northwind", "quadrant", files={"README": b"x"})

    def grow() -> None:
        place = secret_place(play)
        entry = secret_stores.entry(play.store, place, "PYPI_TOKEN")
        secret_stores.select(play.store, place, "PYPI_TOKEN", [*entry["selected"], other])

    play.heard.at["Remove PYPI_TOKEN"] = grow
    assert play.error(lambda: play.migrate(anchor)).exit_code == 12
    assert "PYPI_TOKEN" in play.names(anchor)


def secret_place(play: Scene) -> object:
    return secret_stores.place(play.store, "organisation", "northwind", None, None)
