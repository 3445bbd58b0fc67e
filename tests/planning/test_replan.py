"""A new plan in the middle of a journey: nothing that was done is forgotten, and nothing old counts for something new."""

from __future__ import annotations

from dataclasses import replace

from keyless.model.journey import StepRecord, StepState
from keyless.model.plan import (
    BackupChoice,
    ChangeWorkflow,
    DeleteBranch,
    OpenWindow,
    Phase,
    Plan,
    ProveRelease,
    RemoveSecret,
    SealBackup,
)
from keyless.model.workflow import Rewrite
from keyless.planning.migrate import plan_migration
from keyless.planning.replan import World, merge
from tests.planning.examples import NOW, REWRITE, STORE, answers, survey

OLD = plan_migration(survey(), REWRITE, answers(), folder=None)
MERGED = plan_migration(survey(), Rewrite(), answers(window_days=30), folder=None)
THERE = frozenset((STORE, step.entry.name) for step in OLD.steps if isinstance(step, RemoveSecret))


def world(**changes: object) -> World:
    return replace(World(frozenset(), THERE, {}), **changes)


def record(step: str, state: StepState = StepState.DONE) -> StepRecord:
    return StepRecord(Phase.MIGRATE, step, state, NOW, None)


def done(kind: type, plan: Plan = OLD) -> list[StepRecord]:
    return [record(step.id) for step in plan.steps if isinstance(step, kind)]


def of(plan: Plan, kind: type) -> list:
    return [step for step in plan.steps if isinstance(step, kind)]


def test_a_change_that_was_merged_stays_and_the_rest_is_taken_anew() -> None:
    plan = merge(OLD, MERGED, done(ChangeWorkflow), world())
    assert [type(step).__name__ for step in plan.steps[:2]] == ["ChangeWorkflow", "DeleteBranch"]
    assert len({step.id for step in plan.steps}) == len(plan.steps)
    assert [step.days for step in of(plan, OpenWindow)] == [30]


def test_a_change_that_waits_and_is_there_meanwhile_stays() -> None:
    files = {change.path: change.after for change in REWRITE.changes}
    plan = merge(OLD, MERGED, [record("workflow", StepState.WAITING)], world(files=files))
    assert of(plan, ChangeWorkflow) == of(OLD, ChangeWorkflow)


def test_a_proposal_that_fits_no_longer_is_given_up() -> None:
    """The files are neither as they were nor as they should become: its branch goes, and a new change is planned."""
    newer = plan_migration(replace(survey(), head="f" * 40), REWRITE, answers(), folder=None)
    plan = merge(OLD, newer, [record("workflow", StepState.WAITING)], world())
    (given_up, *_) = of(plan, DeleteBranch)
    assert given_up.unmerged
    assert given_up.branch == of(OLD, ChangeWorkflow)[0].branch
    assert of(plan, ChangeWorkflow) == of(newer, ChangeWorkflow)


def test_a_workflow_that_has_to_change_again_is_proven_again() -> None:
    records = [*done(ChangeWorkflow), *done(ProveRelease)]
    newer = plan_migration(replace(survey(), head="f" * 40), REWRITE, answers(), folder=None)
    plan = merge(OLD, newer, records, world())
    assert [step.id for step in of(plan, ChangeWorkflow)] == ["workflow", "workflow#2"]
    assert {step.id for step in of(plan, ProveRelease)} & {one.step for one in records} == set()


def test_what_is_proven_and_planned_alike_stays_proven() -> None:
    plan = merge(OLD, OLD, done(ProveRelease), world())
    assert of(plan, ProveRelease) == of(OLD, ProveRelease)


def test_a_sealed_backup_serves_the_same_secrets_only() -> None:
    fewer = plan_migration(survey(), REWRITE, answers(secrets=("PYPI_API_TOKEN",)), folder=None)
    plan = merge(fewer, OLD, done(SealBackup), world())
    first, second = of(plan, SealBackup)
    assert [[item.entry.name for item in step.items] for step in (first, second)] == [
        ["PYPI_API_TOKEN"],
        ["TEST_TOKEN"],
    ]
    assert (first.id, second.id) == ("backup", "backup#2")


def test_a_declined_backup_that_is_wanted_now_is_made() -> None:
    none = answers(backups=dict.fromkeys(("PYPI_API_TOKEN", "TEST_TOKEN"), BackupChoice.NONE))
    plan = merge(plan_migration(survey(), REWRITE, none, folder=None), OLD, done(SealBackup), world())
    (declined, made) = of(plan, SealBackup)
    assert [(item.entry.name, item.choice) for item in declined.items] == [("TEST_TOKEN", BackupChoice.NONE)]
    assert [(item.entry.name, item.choice) for item in made.items] == [("PYPI_API_TOKEN", BackupChoice.TOKEN)]


def test_a_spoiled_backup_is_made_anew_for_removed_secrets_too() -> None:
    first = of(OLD, RemoveSecret)[0]
    left = tuple(step for step in OLD.steps if step != first)
    newer = replace(
        OLD,
        steps=tuple(
            replace(step, items=tuple(i for i in step.items if i.entry != first.entry))
            if isinstance(step, SealBackup)
            else step
            for step in left
        ),
    )
    records = [*done(SealBackup), record(first.id)]
    here = THERE - {(STORE, first.entry.name)}
    plan = merge(OLD, newer, records, world(spoiled=frozenset({"backup"}), entries=here))
    (backup,) = of(plan, SealBackup)
    assert backup.id == "backup#2"
    assert {item.entry.name for item in backup.items} == {name for _, name in THERE}
    assert first in plan.steps


def test_a_removal_that_was_intended_and_is_not_wanted_any_more_does_not_happen() -> None:
    intended = of(OLD, RemoveSecret)[0]
    fewer = plan_migration(survey(), REWRITE, answers(secrets=("TEST_TOKEN",)), folder=None)
    records = [record(intended.id, StepState.INTENDED)]
    assert intended not in merge(OLD, fewer, records, world()).steps
    gone = THERE - {(STORE, intended.entry.name)}
    assert intended in merge(OLD, fewer, records, world(entries=gone)).steps


def test_a_secret_that_came_back_is_removed_again() -> None:
    plan = merge(OLD, OLD, done(RemoveSecret), world())
    assert len(of(plan, RemoveSecret)) >= 2
