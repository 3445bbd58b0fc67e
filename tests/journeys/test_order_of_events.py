"""People do not wait for keyless: what they did between two runs counts from when it happened."""

from __future__ import annotations

from collections.abc import Callable

from keyless.journeys.rollback import rollback_from
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import ChangeWorkflow, Phase, RegisterPublisher, RestoreWorkflow
from keyless.rehearsal.github import state
from tests.staging import Scene


def test_a_release_right_after_the_merge_is_proof_although_keyless_looks_later(scene: Callable[..., Scene]) -> None:
    at = scene("shap-like")
    at.acts = False
    at.error(at.migrate)  # the pull request is open, and nobody waits
    at.carry_out(*[step for step in at.plan().steps if isinstance(step, RegisterPublisher)])
    at.store.advance(60)
    at.merge()
    at.store.advance(60)
    for index in (Index.TESTPYPI, Index.PYPI):
        at.release(index)  # commits the new version, so the head moves on
    at.store.advance(3600)
    assert at.migrate() is not None
    assert at.names() == set()


def test_a_second_rollback_from_a_file_finds_the_pull_request_of_the_first(scene: Callable[..., Scene]) -> None:
    at = scene("shap-like", stage="migrated")
    file = at.backups()[0]
    at.acts = False
    for _ in range(2):
        at.error(lambda: at.work(lambda desk: rollback_from(desk, file)))
    pulls = state.pull_requests(at.store, at.repository.owner, at.repository.name)
    assert [pull["state"] for pull in pulls if "rollback" in pull["head"]] == ["open"]
    plan = at.plan(Phase.ROLLBACK)
    assert sum(isinstance(step, RestoreWorkflow) for step in plan.steps) == 1


def test_a_repository_that_cannot_be_seen_begins_no_journey(scene: Callable[..., Scene]) -> None:
    at = scene("shap-like")
    at.error(lambda: at.migrate(Repository("nobody", "nothing")))
    with at.journal() as journal:
        assert journal.journeys() == ()


def test_a_pull_request_that_waits_is_not_called_nothing(scene: Callable[..., Scene]) -> None:
    at = scene("shap-like")
    at.acts = False
    error = at.error(at.migrate)
    assert error.exit_code == 75
    assert "Nothing was changed" not in str(error)
    assert any(isinstance(step, ChangeWorkflow) for step in at.plan().steps)
