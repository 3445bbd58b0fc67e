"""What drifts after a migration is seen, each by itself, and what cannot be read hides nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keyless.journeys.watch import Drift, watch
from keyless.model.index import Index
from keyless.model.plan import ProveRelease
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.rehearsal.github import repositories
from keyless.rehearsal.index import publishers
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.world_file import shipped
from tests.staging import Scene

WORKFLOW = ".github/workflows/release.yml"


def drifts(play: Scene) -> tuple[Drift, ...]:
    return play.work(lambda desk: watch(desk, (desk.journal.newest(play.repository),)))


def only(play: Scene) -> Drift:
    (drift,) = drifts(play)
    return drift


def proof(play: Scene, index: Index = Index.PYPI) -> ProveRelease:
    return next(one for one in play.plan().steps if isinstance(one, ProveRelease) and one.index is index)


@pytest.fixture
def play(scene: Callable[..., Scene]) -> Scene:
    made = scene("shap-like", stage="migrated")
    made.store.advance(60)
    return made


@pytest.mark.parametrize("world", shipped())
def test_right_after_its_migration_no_world_has_drifted(scene: Callable[..., Scene], world: str) -> None:
    assert drifts(scene(world, stage="migrated")) == ()


def test_what_never_got_to_an_end_is_not_watched(scene: Callable[..., Scene]) -> None:
    assert drifts(scene("shap-like", stage="proven")) == ()
    assert drifts(scene("shap-like", stage="rolled-back")) == ()


def test_a_token_back_in_the_workflow(play: Scene) -> None:
    text = play.read_file(WORKFLOW).decode().rstrip()
    assert text.endswith("uses: pypa/gh-action-pypi-publish@release/v1")
    play.write(WORKFLOW, text + "\n        with:\n          password: ${{ secrets.SOME_TOKEN }}\n")
    found = drifts(play)
    assert any("hands a token to an upload again" in drift.says and drift.certain for drift in found)


def test_a_removed_secret_is_back(play: Scene) -> None:
    play.edit_secret("PYPI_API_TOKEN")
    drift = only(play)
    assert drift.says == "secret PYPI_API_TOKEN is back in repository shap-like/shap"
    assert drift.certain


@pytest.mark.parametrize("where", [{}, {"kind": "environment", "environment": "release"}, {"kind": "dependabot"}])
def test_another_secret_for_pypi_in_whichever_store(play: Scene, where: dict[str, str]) -> None:
    play.edit_secret("PYPI_TOKEN_2", **where)
    drift = only(play)
    assert drift.says.startswith("secret PYPI_TOKEN_2 was put into ")
    assert drift.certain


def test_a_release_with_a_token_says_why_it_is_no_proof(play: Scene) -> None:
    wheel = index_state.wheel(proof(play).project, "9.0", "by hand")
    index_state.publish_file(play.store, Index.PYPI, proof(play).project, wheel, user=play.world.operator)
    drift = only(play)
    assert "the newest release of shap-like on PyPI is not proven" in drift.says
    assert "9.0 is no proof" in drift.says
    assert drift.command == "keyless verify shap-like"


def test_a_publisher_that_was_changed_shows_by_the_run_that_it_refused(play: Scene) -> None:
    """The newest release is still the proven one: nothing else tells that the next cannot go out."""
    step = proof(play)
    for row in publishers.publishers(play.store, Index.PYPI, step.project):
        publishers.remove_publisher(play.store, Index.PYPI, step.project, row["id"])
    publishers.add_publisher(play.store, Index.PYPI, step.project, replace(step.publisher, workflow="other.yml"))
    play.release()
    refused = [drift for drift in drifts(play) if "released nothing" in drift.says]
    assert len(refused) == 1
    assert "PyPI knows no publisher for this run" in refused[0].says
    assert "--explain https://" in refused[0].command


def test_a_workflow_under_another_name_is_no_longer_what_the_publisher_names(play: Scene) -> None:
    text = play.read_file(WORKFLOW)
    play.write(".github/workflows/publish.yml", text)
    where = play.repository
    repositories.commit(play.store, where.owner, where.name, "main", {WORKFLOW: None}, "renamed")
    found = [drift for drift in drifts(play) if "any more: now it is" in drift.says]
    assert {drift.certain for drift in found} == {True}
    assert any("publish.yml" in drift.says and "on PyPI" in drift.says for drift in found)


def test_a_renamed_repository_is_a_certain_drift_and_the_indexes_are_still_looked_at(play: Scene) -> None:
    wheel = index_state.wheel(proof(play).project, "9.0", "by hand")
    index_state.publish_file(play.store, Index.PYPI, proof(play).project, wheel, user=play.world.operator)
    repositories.rename_repository(play.store, play.repository.owner, play.repository.name, "shap-renamed")
    found = drifts(play)
    assert any("is now called" in drift.says and drift.certain for drift in found)
    assert any("not proven" in drift.says for drift in found)


def guarded(scene: Callable[..., Scene]) -> Scene:
    """A world whose environment was guarded when the migration ended."""
    made = scene("shap-like", stage="proven")
    environment = proof(made).publisher.environment
    assert environment
    where = made.repository
    rules = ("branch_policy", "required_reviewers")
    repositories.protect_environment(made.store, where.owner, where.name, environment, rules)
    made.migrate()
    assert drifts(made) == ()
    return made


def test_an_environment_that_lost_its_reviewers(scene: Callable[..., Scene]) -> None:
    play = guarded(scene)
    where, environment = play.repository, proof(play).publisher.environment
    repositories.protect_environment(play.store, where.owner, where.name, environment or "", ("branch_policy",))
    drift = only(play)
    assert drift.says == f"environment '{environment}' is not guarded by required_reviewers any more"
    assert drift.certain


def test_an_environment_that_is_gone(scene: Callable[..., Scene]) -> None:
    play = guarded(scene)
    where = repositories.repository(play.store, play.repository.owner, play.repository.name)
    repositories.delete_environment(play.store, where["id"], proof(play).publisher.environment or "")
    assert any("is gone: the next run makes it anew" in drift.says for drift in drifts(play))


def test_a_window_that_is_over(play: Scene) -> None:
    play.store.advance(15 * 86_400)
    assert "keyless finish shap-like/shap" in {drift.command for drift in drifts(play)}


@pytest.mark.parametrize(
    ("kind", "service", "path"),
    [
        (FaultKind.UNAVAILABLE, "pypi", "*"),
        (FaultKind.UNAVAILABLE, "testpypi", "*"),
        (FaultKind.NO_PERMISSION, "github", "*/dependabot/secrets"),
        (FaultKind.NO_PERMISSION, "github", "*/actions/secrets"),
    ],
)
def test_what_one_service_does_not_answer_hides_nothing_that_another_shows(
    play: Scene, kind: FaultKind, service: str, path: str
) -> None:
    """S11: beside what could not be told stands what could."""
    play.edit_secret("PYPI_API_TOKEN", kind="environment", environment="release")
    set_fault(play.store, Fault(kind, service, "GET", path, -1))
    found = drifts(play)
    assert any(not drift.certain for drift in found)
    assert any("secret PYPI_API_TOKEN was put into" in drift.says and drift.certain for drift in found)


def test_github_that_is_down_leaves_what_the_indexes_show(play: Scene) -> None:
    wheel = index_state.wheel(proof(play).project, "9.0", "by hand")
    index_state.publish_file(play.store, Index.PYPI, proof(play).project, wheel, user=play.world.operator)
    set_fault(play.store, Fault(FaultKind.UNAVAILABLE, "github", "GET", "*/secrets", -1))
    found = drifts(play)
    assert any(not drift.certain for drift in found)
    assert any("not proven" in drift.says and drift.certain for drift in found)
