"""A journal makes the plan that undoes a migration, and the one that ends it."""

from __future__ import annotations

from datetime import timedelta

from keyless.model.journey import BackupRecord, StepRecord, StepState
from keyless.model.plan import (
    BackupChoice,
    CheckProof,
    CloseJourney,
    DeleteBranch,
    Phase,
    Plan,
    RestoreSecret,
    RestoreWorkflow,
    RevokeToken,
    ShredBackup,
)
from keyless.planning.finish import plan_finish
from keyless.planning.migrate import plan_migration
from keyless.planning.rollback import plan_rollback
from tests.planning.examples import NOW, REWRITE, answers, survey

MIGRATION = plan_migration(survey(), REWRITE, answers(), folder=None)
BACKUP = BackupRecord("b1", "j1", "/x", "00", NOW + timedelta(days=14), None)
SHREDDED = BackupRecord("b0", "j1", "/x", "00", NOW + timedelta(days=14), NOW)


def begun(*ids: str, state: StepState = StepState.DONE) -> list[StepRecord]:
    return [StepRecord(Phase.MIGRATE, identifier, state, NOW, None) for identifier in ids]


def everything() -> list[StepRecord]:
    return begun(*(step.id for step in MIGRATION.steps))


def test_secrets_come_back_before_the_workflow_that_reads_them() -> None:
    plan = plan_rollback(MIGRATION, everything(), [BACKUP], NOW)
    assert [type(s) for s in plan.steps] == [
        RestoreSecret,
        RestoreSecret,
        RestoreWorkflow,
        DeleteBranch,
        DeleteBranch,
        CloseJourney,
    ]


def test_what_was_only_intended_is_undone_too() -> None:
    plan = plan_rollback(MIGRATION, begun("remove:repository/TEST_TOKEN", state=StepState.INTENDED), [BACKUP], NOW)
    assert [s.entry.name for s in plan.steps if isinstance(s, RestoreSecret)] == ["TEST_TOKEN"]


def test_what_was_never_begun_is_not_touched() -> None:
    plan = plan_rollback(MIGRATION, begun("publisher:pypi:my-project"), [], NOW)
    assert [type(s) for s in plan.steps] == [CloseJourney]


def test_the_workflow_goes_back_to_the_bytes_that_it_had() -> None:
    plan = plan_rollback(MIGRATION, everything(), [BACKUP], NOW)
    change = next(s for s in plan.steps if isinstance(s, RestoreWorkflow)).changes[0]
    assert (change.before, change.after) == (REWRITE.changes[0].after, REWRITE.changes[0].before)


def test_a_shredded_backup_is_never_counted_on() -> None:
    plan = plan_rollback(MIGRATION, everything(), [SHREDDED], NOW)
    assert {s.backup for s in plan.steps if isinstance(s, RestoreSecret)} == {""}


def cards() -> dict[str, dict[str, str]]:
    return {"repository Owner/Project/PYPI_API_TOKEN": {"identifier": "u-1", "index": "pypi"}}


def finish(migration: Plan = MIGRATION) -> Plan:
    return plan_finish(migration, cards(), [SHREDDED, BACKUP], NOW)  # type: ignore[arg-type]


def test_the_end_is_proof_then_revocation_then_shredding() -> None:
    assert [type(s) for s in finish().steps] == [
        CheckProof,
        CheckProof,
        RevokeToken,
        RevokeToken,
        ShredBackup,
        CloseJourney,
    ]


def test_a_token_that_was_given_is_revoked_by_its_identifier_and_the_other_by_the_persons_word() -> None:
    found = [s.identifier for s in finish().steps if isinstance(s, RevokeToken)]
    assert found == ["u-1", None]


def test_a_new_token_in_the_backup_leaves_the_lost_one_to_be_found_by_a_person() -> None:
    lost = plan_migration(
        survey(),
        REWRITE,
        answers(secrets=("PYPI_API_TOKEN",), backups={"PYPI_API_TOKEN": BackupChoice.NEW_TOKEN}),
        folder=None,
    )
    assert [s.identifier for s in finish(lost).steps if isinstance(s, RevokeToken)] == ["u-1", None]
