"""Every step that a migration can have has its undo, once, from the backup that holds what it needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keyless.model.backup import BackupContents, BackupSubject, KeptSecret, KeptWorkflow
from keyless.model.github import SecretEntry, Store, StoreKind
from keyless.model.journey import BackupRecord, StepRecord, StepState
from keyless.model.plan import (
    BackupItem,
    ChangeWorkflow,
    CloseJourney,
    DeleteBranch,
    Delivery,
    Phase,
    Plan,
    RemoveSecret,
    RestoreSecret,
    RestoreWorkflow,
    SealBackup,
    SelectRepository,
    Step,
    UnselectRepository,
)
from keyless.planning.migrate import plan_migration
from keyless.planning.rollback import plan_from_backup, plan_rollback
from tests.planning.examples import FACTS, HERE, NOW, REWRITE, STORE, answers, entry, shared_entry, survey

MIGRATION = plan_migration(survey(), REWRITE, answers(), folder=None)
(CHANGE,) = (s for s in MIGRATION.steps if isinstance(s, ChangeWorkflow))
(SEALED,) = (s for s in MIGRATION.steps if isinstance(s, SealBackup))
LATER = NOW + timedelta(days=3)


def backup(name: str, *, shredded: bool = False) -> BackupRecord:
    return BackupRecord(name, "j1", "/x", "00", LATER, NOW if shredded else None)


def done(step: str, evidence: object = None, phase: Phase = Phase.MIGRATE) -> StepRecord:
    return StepRecord(phase, step, StepState.DONE, NOW, evidence)  # type: ignore[arg-type]


def undone(steps: tuple[Step, ...], *more: StepRecord, backups: tuple[str, ...] = ("b1",)) -> list[Step]:
    """Return the undo of a migration of exactly these steps, all done."""
    told = {record.step for record in more}
    records = [*more, *(done(step.id) for step in steps if step.id not in told)]
    plan = plan_rollback(replace(MIGRATION, steps=steps), records, [backup(name) for name in backups], LATER)
    assert (plan.phase, plan.repository, plan.made_at) == (Phase.ROLLBACK, HERE, LATER)
    assert plan.steps[-1] == CloseJourney("close", "rolled-back")
    return list(plan.steps[:-1])


def test_the_undo_steps_have_the_names_by_which_a_journal_knows_them() -> None:
    """A later keyless goes on with a rollback that an earlier one began: these names never change."""
    steps = undone(MIGRATION.steps)
    assert [step.id for step in steps] == [
        "restore:repository/TEST_TOKEN",
        "restore:repository/PYPI_API_TOKEN",
        "restore-workflow",
        "branch",
        f"unpropose:{CHANGE.branch}",
    ]
    assert {step.backup for step in steps if isinstance(step, RestoreSecret)} == {"b1"}


def test_the_change_goes_back_over_a_branch_of_its_own_and_its_proposal_is_closed() -> None:
    back, ours, theirs = undone((CHANGE,))
    assert isinstance(back, RestoreWorkflow)
    assert (back.base, back.delivery, back.folder) == (CHANGE.base, Delivery.PULL_REQUEST, None)
    assert back.branch.startswith("keyless/rollback-")
    assert ours == DeleteBranch("branch", HERE, back.branch, unmerged=False)
    assert theirs == DeleteBranch(f"unpropose:{CHANGE.branch}", HERE, CHANGE.branch, unmerged=True)


def test_a_change_in_a_checkout_goes_back_there_with_no_branch() -> None:
    (back,) = undone((replace(CHANGE, delivery=Delivery.LOCAL, folder="/somewhere"),))
    assert isinstance(back, RestoreWorkflow)
    assert (back.delivery, back.folder) == (Delivery.LOCAL, "/somewhere")


def test_what_a_rollback_did_itself_is_nothing_that_the_migration_did() -> None:
    """Both phases have a step called `branch`, and other names may meet as well."""
    plan = plan_rollback(MIGRATION, [done(CHANGE.id, phase=Phase.ROLLBACK)], [], LATER)
    assert plan.steps == (CloseJourney("close", "rolled-back"),)


def test_a_repository_that_was_taken_off_a_shared_secrets_list_is_put_back_once() -> None:
    shared = shared_entry("PYPI_API_TOKEN", (8, "Other"))
    off = UnselectRepository("unselect:PYPI_API_TOKEN", shared, HERE, FACTS.id, ())
    on = SelectRepository("select:PYPI_API_TOKEN", shared, FACTS.id)
    assert undone((off,)) == [on]
    assert undone((off, replace(off, id="unselect:PYPI_API_TOKEN#2"))) == [on]


def removal(one: SecretEntry, number: str = "") -> RemoveSecret:
    return RemoveSecret(f"remove:{one.name}{number}", one, ())


def test_a_secret_that_was_removed_twice_comes_back_once() -> None:
    again = (removal(entry("TOKEN")), removal(entry("TOKEN"), "#2"))
    assert [step.id for step in undone(again)] == ["restore:repository/TOKEN"]


def test_a_workflow_that_was_changed_twice_goes_back_twice_the_last_change_first() -> None:
    second = replace(CHANGE, id="workflow#2", delivery=Delivery.LOCAL, base="later")
    first, last = undone((replace(CHANGE, delivery=Delivery.LOCAL), second))
    assert isinstance(first, RestoreWorkflow)
    assert isinstance(last, RestoreWorkflow)
    assert [(first.id, first.base), (last.id, last.base)] == [
        ("restore-workflow", "later"),
        ("restore-workflow#2", CHANGE.base),
    ]


def test_an_environments_secret_is_told_from_the_repositorys_of_the_same_name() -> None:
    environment = Store(StoreKind.ENVIRONMENT, HERE.owner, HERE.name, "pypi")
    steps = undone((removal(entry("TOKEN")), removal(entry("TOKEN", environment), "@pypi")))
    assert [step.id for step in steps] == ["restore:environment:pypi/TOKEN", "restore:repository/TOKEN"]


def sealing(step: str, *entries: SecretEntry) -> SealBackup:
    template = SEALED.items[0]
    return replace(SEALED, id=step, items=tuple(replace(template, entry=one) for one in entries))


A, B, ELSEWHERE = entry("A"), entry("B"), entry("A", Store(StoreKind.ENVIRONMENT, HERE.owner, HERE.name, "pypi"))


def backups_of(*records: StepRecord, steps: tuple[Step, ...], backups: tuple[str, ...]) -> dict[str, str]:
    found = undone(steps, *records, backups=backups)
    return {step.id.removeprefix("restore:"): step.backup for step in found if isinstance(step, RestoreSecret)}


def test_each_secret_comes_back_from_the_last_backup_that_was_sealed_with_it() -> None:
    steps = (sealing("backup", A, B), sealing("backup#2", B), sealing("backup#3", ELSEWHERE), removal(A), removal(B))
    told = [done("backup", {"backup": "b1"}), done("backup#2", {"backup": "b2"}), done("backup#3", {"backup": "b3"})]
    found = backups_of(*told, steps=steps, backups=("b1", "b2", "b3"))
    assert found == {"repository/A": "b1", "repository/B": "b2"}


@pytest.mark.parametrize(
    "said",
    [
        {"backup": "shredded since"},
        {"backup": None},
        {},
        "b1",
        None,
    ],
)
def test_where_nothing_says_which_backup_the_newest_serves(said: object) -> None:
    steps = (sealing("backup", A), removal(A))
    assert backups_of(done("backup", said), steps=steps, backups=("b1", "b2")) == {"repository/A": "b2"}


def test_what_another_phase_says_of_a_step_of_the_same_name_does_not_count() -> None:
    told = [done("backup", {"backup": "b1"}), done("backup", {"backup": "b2"}, Phase.ROLLBACK)]
    steps = (sealing("backup", A), removal(A))
    assert backups_of(*told, steps=steps, backups=("b1", "b2", "b3")) == {"repository/A": "b1"}


def test_the_newest_of_the_backups_that_are_left_serves_and_a_shredded_one_never() -> None:
    steps = (removal(A),)
    given = [backup("b1"), backup("b2"), backup("b3", shredded=True)]
    plan = plan_rollback(replace(MIGRATION, steps=steps), [done(steps[0].id)], given, LATER)
    assert plan.steps[0] == RestoreSecret("restore:repository/A", A, "b2")


def contents(workflow: KeptWorkflow | None, *entries: SecretEntry) -> BackupContents:
    kept = tuple(KeptSecret(one, None, False, "unknown", None, None) for one in entries)
    return BackupContents(BackupSubject("real", HERE, "j1", ("p",), ("A",)), kept, workflow, "0.1.0")


def test_a_backup_alone_gives_the_secrets_back_in_their_stores() -> None:
    plan = plan_from_backup(contents(None, A, ELSEWHERE), "b9", Delivery.PULL_REQUEST, LATER)
    assert plan == Plan(
        Phase.ROLLBACK,
        HERE,
        (
            RestoreSecret("restore:repository/A", A, "b9"),
            RestoreSecret("restore:environment:pypi/A", ELSEWHERE, "b9"),
            CloseJourney("close", "rolled-back"),
        ),
        LATER,
    )


@pytest.mark.parametrize("delivery", list(Delivery))
def test_a_backup_alone_gives_the_workflow_back_after_the_secrets(delivery: Delivery) -> None:
    kept = KeptWorkflow(REWRITE.changes, "trunk", "a" * 40, None)
    secret, back, *rest = plan_from_backup(contents(kept, A), "b9", delivery, LATER).steps
    assert isinstance(secret, RestoreSecret)
    assert isinstance(back, RestoreWorkflow)
    assert (back.base, back.delivery, back.folder) == ("trunk", delivery, None)
    assert [(c.before, c.after) for c in back.changes] == [(c.after, c.before) for c in REWRITE.changes]
    branches = [DeleteBranch("branch", HERE, back.branch)] if delivery is Delivery.PULL_REQUEST else []
    assert rest == [*branches, CloseJourney("close", "rolled-back")]


def test_stores_of_the_same_kind_are_told_apart_by_more_than_their_kind() -> None:
    """The migration's items name their store: a backup of another store's secret of the same name does not serve."""
    item: BackupItem = SEALED.items[0]
    assert item.entry.store == STORE
    steps = (sealing("backup", ELSEWHERE), removal(A))
    assert backups_of(done("backup", {"backup": "b1"}), steps=steps, backups=("b1", "b2")) == {"repository/A": "b2"}
