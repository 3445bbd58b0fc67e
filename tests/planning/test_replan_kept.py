"""What of an old plan is kept when a journey is planned anew: everything that had an effect, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from keyless.model.github import Repository
from keyless.model.journey import StepRecord, StepState
from keyless.model.plan import (
    BackupChoice,
    ChangeWorkflow,
    DeleteBranch,
    Delivery,
    Plan,
    RemoveSecret,
    SealBackup,
    Step,
    UnselectRepository,
)
from keyless.model.reading import Found
from keyless.model.survey import SharedUse
from keyless.model.workflow import FileChange, Rewrite
from keyless.planning.migrate import plan_migration
from keyless.planning.replan import edited, merge
from tests.planning.examples import NOW, PATH, REWRITE, STORE, answers, entry, shared_entry, survey
from tests.planning.test_replan import MERGED, OLD, THERE, done, of, record, world

INTENDED = StepState.INTENDED
(CHANGE,) = of(OLD, ChangeWorkflow)
NEWER = plan_migration(replace(survey(), head="f" * 40), REWRITE, answers(), folder=None)


def all_done(plan: Plan) -> list[StepRecord]:
    return [record(step.id) for step in plan.steps]


def test_a_plan_that_is_made_again_after_all_of_it_was_done_is_the_same_plan() -> None:
    assert merge(MERGED, MERGED, all_done(MERGED), world()) == MERGED


SHARED = plan_migration(
    replace(
        survey(shared_entry("PYPI_API_TOKEN", (8, "Other")), entry("TEST_TOKEN")),
        shared=(SharedUse("PYPI_API_TOKEN", Repository("Owner", "Other"), Found(value=True)),),
    ),
    REWRITE,
    answers(),
    folder=None,
)


def test_what_was_never_begun_is_forgotten() -> None:
    there = {change.path: change.after for change in REWRITE.changes}
    assert merge(SHARED, MERGED, [], world(files=there)) == MERGED


@pytest.mark.parametrize("state", list(StepState))
def test_a_repository_that_may_have_been_taken_off_a_list_is_put_back_by_a_rollback(state: StepState) -> None:
    (off,) = of(SHARED, UnselectRepository)
    assert of(merge(SHARED, MERGED, [record(off.id, state)], world()), UnselectRepository) == [off]


def test_a_backup_that_was_begun_and_never_sealed_is_nothing_to_keep() -> None:
    plan = merge(OLD, MERGED, [record("backup", INTENDED)], world())
    assert of(plan, SealBackup) == of(MERGED, SealBackup)


def test_a_backup_is_not_made_again_for_a_longer_window() -> None:
    assert of(MERGED, SealBackup) != of(OLD, SealBackup)
    assert of(merge(OLD, MERGED, done(SealBackup), world()), SealBackup) == of(OLD, SealBackup)


TWO = Rewrite((*REWRITE.changes, FileChange(".github/workflows/other.yml", b"token\n", b"\n", (), "b10c")))


def proposed(delivery: Delivery = Delivery.PULL_REQUEST) -> Plan:
    return plan_migration(survey(), TWO, answers(delivery=delivery), folder=None)


def test_a_change_of_two_files_is_there_when_both_are() -> None:
    one = {PATH: b"\n", ".github/workflows/other.yml": b"token\n"}
    old = proposed()
    waits = [record("workflow", StepState.WAITING)]
    (change,) = of(old, ChangeWorkflow)
    plan = merge(old, MERGED, waits, world(files=one))
    assert of(plan, ChangeWorkflow) == []
    assert plan.steps[0] == DeleteBranch(f"drop:{change.branch}", change.repository, change.branch, unmerged=True)
    both = {**one, ".github/workflows/other.yml": b"\n"}
    assert of(merge(old, MERGED, waits, world(files=both)), ChangeWorkflow) == [change]


def test_a_change_in_a_checkout_that_did_not_happen_leaves_nothing_to_give_up() -> None:
    plan = merge(proposed(Delivery.LOCAL), MERGED, [record("workflow", INTENDED)], world())
    assert plan.steps == MERGED.steps


def test_the_branch_of_a_change_that_landed_is_deleted_yet_under_a_name_of_its_own() -> None:
    """The new plan has a step called `branch` as well."""
    (branch,) = of(OLD, DeleteBranch)
    plan = merge(OLD, NEWER, done(ChangeWorkflow), world())
    assert of(plan, DeleteBranch)[0] == replace(branch, id=f"drop:{CHANGE.branch}")


def test_a_branch_that_was_deleted_is_not_deleted_again() -> None:
    plan = merge(OLD, MERGED, [*done(ChangeWorkflow), *done(DeleteBranch)], world())
    assert of(plan, DeleteBranch) == []


def test_a_removed_secret_is_gone_however_its_name_is_spelt() -> None:
    removal = of(OLD, RemoveSecret)[0]
    fewer = plan_migration(survey(), REWRITE, answers(secrets=("TEST_TOKEN",)), folder=None)
    lower = frozenset((store, name.lower()) for store, name in THERE)
    intended = [record(removal.id, INTENDED)]
    assert removal not in merge(OLD, fewer, intended, world(entries=lower)).steps
    upper = replace(removal, entry=replace(removal.entry, name=removal.entry.name.lower()))
    old = replace(OLD, steps=tuple(upper if step == removal else step for step in OLD.steps))
    assert upper not in merge(old, fewer, intended, world()).steps


def names(steps: Sequence[SealBackup]) -> list[list[str]]:
    return [[item.entry.name for item in step.items] for step in steps]


def sealing(step: str, *secrets: str, **changes: object) -> SealBackup:
    template = of(OLD, SealBackup)[0]
    first = replace(template.items[0], choice=BackupChoice.TOKEN)
    items = tuple(replace(first, entry=entry(name)) for name in secrets)
    return replace(template, id=step, items=items, **changes)  # type: ignore[arg-type]


def plan_of(*steps: Step) -> Plan:
    return replace(OLD, steps=steps)


def test_what_was_sealed_is_known_however_its_name_is_spelt() -> None:
    old, new = plan_of(sealing("backup", "Token")), plan_of(sealing("backup", "TOKEN", window_days=30))
    assert names(of(merge(old, new, [record("backup")], world()), SealBackup)) == [["Token"]]


def test_of_a_spoiled_backup_only_what_no_other_holds_is_sealed_anew_and_once() -> None:
    old = plan_of(sealing("backup", "A", "B", "C"), sealing("backup#2", "B"))
    new = plan_of(sealing("backup", "A"))
    records = [record("backup"), record("backup#2")]
    plan = merge(old, new, records, world(spoiled=frozenset({"backup"})))
    sealed = of(plan, SealBackup)
    assert [step.id for step in sealed] == ["backup", "backup#2", "backup#3"]
    assert names(sealed) == [["B"], ["B"], ["A", "C"]]


def test_a_backup_that_was_only_begun_spoils_nothing() -> None:
    old, new = plan_of(sealing("backup", "A", "B")), plan_of(sealing("backup", "A"))
    plan = merge(old, new, [record("backup", INTENDED)], world(spoiled=frozenset({"backup"})))
    assert names(of(plan, SealBackup)) == [["A"]]


def test_what_is_done_again_gets_the_next_free_name() -> None:
    """A secret that came back, was removed, and came back: three steps, each with its own record."""
    removal = of(OLD, RemoveSecret)[0]
    again = replace(removal, id=f"{removal.id}#2")
    came_back = replace(removal, entry=replace(removal.entry, updated_at=NOW + timedelta(days=1)))
    plan = merge(plan_of(removal, again), plan_of(came_back), [record(removal.id), record(again.id)], world())
    assert plan.steps == (removal, again, replace(came_back, id=f"{removal.id}#3"))


def test_the_store_counts_as_well_as_the_name() -> None:
    removal = of(OLD, RemoveSecret)[0]
    fewer = plan_migration(survey(), REWRITE, answers(secrets=("TEST_TOKEN",)), folder=None)
    elsewhere = frozenset((replace(STORE, environment="pypi"), name) for _, name in THERE)
    plan = merge(OLD, fewer, [record(removal.id, INTENDED)], world(entries=elsewhere))
    assert removal in plan.steps


(SEAL,) = of(OLD, SealBackup)
EDITED = replace(entry("PYPI_API_TOKEN"), updated_at=NOW + timedelta(days=1))


def with_seal(identifier: str = "backup", **changes: object) -> Plan:
    """The plan with its one backup's first item changed."""
    items = (replace(SEAL.items[0], **changes), *SEAL.items[1:])
    steps = tuple(replace(SEAL, id=identifier, items=items) if step == SEAL else step for step in OLD.steps)
    return replace(OLD, steps=steps)


@pytest.mark.parametrize(
    ("new", "sealed", "found"),
    [
        (with_seal("backup#2", entry=EDITED), {"backup"}, (EDITED,)),
        (with_seal("backup#2", entry=replace(EDITED, name="pypi_api_token")), {"backup"}, None),
        (with_seal("backup#2"), {"backup"}, ()),
        (with_seal("backup#2", entry=replace(EDITED, name="ANOTHER")), {"backup"}, ()),
        (with_seal("backup#2", entry=EDITED), set(), ()),
        (with_seal("backup", entry=EDITED), {"backup"}, ()),
    ],
    ids=["edited", "spelled otherwise", "as it was", "never sealed", "not sealed yet", "sealed as it is now"],
)
def test_a_secret_was_edited_when_a_backup_holds_its_former_value_and_none_its_new_one(
    new: Plan, sealed: set[str], found: tuple[object, ...] | None
) -> None:
    expected = (replace(EDITED, name="pypi_api_token"),) if found is None else found
    assert edited(OLD, new, sealed) == expected


@pytest.mark.parametrize("choice", list(BackupChoice))
def test_the_backup_of_a_former_value_is_kept_beside_the_new_one_where_it_holds_a_token(choice: BackupChoice) -> None:
    """That token has to be revoked at the end, too; a backup that was declined holds none."""
    old = with_seal(choice=choice)
    plan = merge(old, with_seal(entry=EDITED), done(SealBackup), world())
    names = [[(item.entry.name, item.entry.updated_at > NOW) for item in step.items] for step in of(plan, SealBackup)]
    former = (
        [("TEST_TOKEN", False)] if choice is BackupChoice.NONE else [("PYPI_API_TOKEN", False), ("TEST_TOKEN", False)]
    )
    assert names == [former, [("PYPI_API_TOKEN", True)]]


def test_a_backup_that_is_made_again_for_another_choice_replaces_what_was_kept_of_the_same_value() -> None:
    plan = merge(OLD, with_seal(choice=BackupChoice.NEW_TOKEN), done(SealBackup), world())
    assert [[item.entry.name for item in step.items] for step in of(plan, SealBackup)] == [
        ["TEST_TOKEN"],
        ["PYPI_API_TOKEN"],
    ]
