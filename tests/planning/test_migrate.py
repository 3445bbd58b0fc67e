"""From survey and answers to a migration's plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyless.errors import StillReferenced, UsageError
from keyless.model.codec import decode, encode
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import (
    BackupChoice,
    ChangeWorkflow,
    DeleteBranch,
    Delivery,
    Plan,
    ProveRelease,
    RegisterPublisher,
    RemoveSecret,
    SealBackup,
    SkippedProof,
    UnselectRepository,
)
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.survey import ProjectReading, SharedUse
from keyless.model.workflow import Analysis, Declined, FileChange, Rewrite, Target
from keyless.planning.candidates import candidates
from keyless.planning.migrate import plan_migration
from tests.planning.examples import (
    ANALYSIS,
    PATH,
    REWRITE,
    answers,
    entry,
    reference,
    shared_entry,
    step,
    survey,
)


def kinds(plan: Plan) -> list[str]:
    return [type(s).__name__ for s in plan.steps]


def test_the_order_is_publisher_workflow_proof_backup_removal_window() -> None:
    plan = plan_migration(survey(), REWRITE, answers(), folder=None)
    assert kinds(plan) == [
        "RegisterPublisher",
        "RegisterPublisher",
        "ChangeWorkflow",
        "DeleteBranch",
        "ProveRelease",
        "ProveRelease",
        "SealBackup",
        "RemoveSecret",
        "RemoveSecret",
        "OpenWindow",
    ]


def test_the_steps_have_the_names_by_which_a_journal_knows_them() -> None:
    """A later keyless goes on with a journey that an earlier one began: these names never change."""
    skipped = answers(skipped={Index.TESTPYPI: "no time"})
    plan = plan_migration(survey(), REWRITE, skipped, folder=None)
    assert [s.id for s in plan.steps] == [
        "publisher:testpypi:my-project",
        "publisher:pypi:my-project",
        "workflow",
        "branch",
        "prove:testpypi:my-project",
        "prove:pypi:my-project",
        "backup",
        "remove:repository/PYPI_API_TOKEN",
        "remove:repository/TEST_TOKEN",
        "window",
    ]
    shared = replace(survey(shared_entry("PYPI_API_TOKEN", (8, "Other"))), shared=(OTHERS_USE,))
    assert "unselect:PYPI_API_TOKEN" in [s.id for s in plan_migration(shared, REWRITE, ORGANISATION, folder=None).steps]


def test_a_change_that_is_written_into_a_checkout_has_no_branch_to_delete() -> None:
    plan = plan_migration(survey(), REWRITE, answers(delivery=Delivery.LOCAL), folder="/somewhere")
    assert "DeleteBranch" not in kinds(plan)
    (change,) = (s for s in plan.steps if isinstance(s, ChangeWorkflow))
    assert (change.delivery, change.folder) == (Delivery.LOCAL, "/somewhere")


def test_a_change_is_proposed_on_a_branch_of_its_own_that_is_deleted_afterwards() -> None:
    plan = plan_migration(survey(), REWRITE, answers(), folder=None)
    (change,) = (s for s in plan.steps if isinstance(s, ChangeWorkflow))
    assert change.branch.startswith("keyless/trusted-publishing-")
    assert [(s.branch, s.unmerged) for s in plan.steps if isinstance(s, DeleteBranch)] == [(change.branch, False)]


def test_a_project_that_two_jobs_upload_has_one_publisher_and_one_proof() -> None:
    twice = Analysis((step(Target.PYPI, "A", "one"), step(Target.PYPI, "B", "two")))
    told = answers(
        projects={"release.yml/one@pypi": ("My.Project",), "release.yml/two@pypi": ("my_project",)}, secrets=()
    )
    plan = plan_migration(survey(analysis=twice), REWRITE, told, folder=None)
    assert [s.project for s in plan.steps if isinstance(s, RegisterPublisher)] == ["my-project"]
    assert [s.project for s in plan.steps if isinstance(s, ProveRelease)] == ["my-project"]


def test_a_project_that_one_index_knows_and_the_other_does_not_is_pending_there_only() -> None:
    there = ProjectReading(Index.TESTPYPI, "my-project", Found(()))
    missing = ProjectReading(Index.PYPI, "my-project", Missing("my-project"))
    other = ProjectReading(Index.TESTPYPI, "other", Missing("other"))
    plan = plan_migration(replace(survey(), projects=(there, missing, other)), REWRITE, answers(), folder=None)
    assert [(s.index, s.pending) for s in plan.steps if isinstance(s, RegisterPublisher)] == [
        (Index.TESTPYPI, False),
        (Index.PYPI, True),
    ]


def test_testpypi_comes_before_pypi() -> None:
    plan = plan_migration(survey(), REWRITE, answers(), folder=None)
    assert [s.index for s in plan.steps if isinstance(s, ProveRelease)] == [Index.TESTPYPI, Index.PYPI]


def test_the_publisher_has_the_owner_as_github_spells_it_and_a_lower_case_environment() -> None:
    plan = plan_migration(survey(), REWRITE, answers(), folder=None)
    found = {s.index: s for s in plan.steps if isinstance(s, RegisterPublisher)}
    assert found[Index.PYPI].publisher == Publisher("Owner", "Project", "release.yml", "pypi")
    assert found[Index.TESTPYPI].publisher == Publisher("Owner", "Project", "release.yml", None)
    assert found[Index.PYPI].project == "my-project"


def test_a_project_that_the_index_does_not_know_gets_a_pending_publisher() -> None:
    known = replace(survey(), projects=(ProjectReading(Index.PYPI, "my-project", Missing("my-project")),))
    plan = plan_migration(known, REWRITE, answers(), folder=None)
    assert {s.index: s.pending for s in plan.steps if isinstance(s, RegisterPublisher)} == {
        Index.TESTPYPI: False,
        Index.PYPI: True,
    }


def test_an_index_that_gave_no_answer_makes_no_publisher_pending() -> None:
    unknown = ProjectReading(Index.PYPI, "my-project", Unreadable("my-project", "503"))
    plan = plan_migration(replace(survey(), projects=(unknown,)), REWRITE, answers(), folder=None)
    assert not any(s.pending for s in plan.steps if isinstance(s, RegisterPublisher))


def test_a_skipped_proof_stands_in_the_plan_with_its_reason() -> None:
    plan = plan_migration(survey(), REWRITE, answers(skipped={Index.TESTPYPI: "no time"}), folder=None)
    assert [s.reason for s in plan.steps if isinstance(s, SkippedProof)] == ["no time"]
    assert [s.index for s in plan.steps if isinstance(s, ProveRelease)] == [Index.PYPI]


def test_testpypi_skipped_where_no_workflow_uploads_to_it_still_stands_in_the_plan() -> None:
    only = Analysis(publish_steps=ANALYSIS.publish_steps[:1], references=ANALYSIS.references[:1])
    told = answers(
        projects={"release.yml/pypi@pypi": ("my-project",)},
        skipped={Index.TESTPYPI: "it never went there"},
        secrets=("PYPI_API_TOKEN",),
    )
    plan = plan_migration(survey(analysis=only), REWRITE, told, folder=None)
    assert [(s.id, s.index, s.reason) for s in plan.steps if isinstance(s, SkippedProof)] == [
        ("prove:testpypi:my-project", Index.TESTPYPI, "it never went there")
    ]


def test_nothing_is_changed_where_the_workflow_is_trusted_already() -> None:
    trusted = Analysis(publish_steps=(step(Target.PYPI, "", "pypi"),))
    told = answers(projects={"release.yml/pypi@pypi": ("my-project",)}, secrets=("PYPI_API_TOKEN",))
    plan = plan_migration(survey(analysis=trusted), Rewrite(), told, folder=None)
    assert "ChangeWorkflow" not in kinds(plan)
    assert kinds(plan).count("RemoveSecret") == 1


def test_a_leftover_that_nothing_reads_is_found_by_its_name_and_other_secrets_are_left_alone() -> None:
    trusted = Analysis(publish_steps=(step(Target.PYPI, "", "pypi"),))
    assert [(c.key, c.used) for c in candidates(survey(analysis=trusted))] == [("PYPI_API_TOKEN", False)]


def test_only_the_secrets_that_were_named_go() -> None:
    plan = plan_migration(survey(), REWRITE, answers(secrets=("TEST_TOKEN",)), folder=None)
    assert [s.entry.name for s in plan.steps if isinstance(s, RemoveSecret)] == ["TEST_TOKEN"]


def test_a_secret_that_nobody_found_is_refused() -> None:
    with pytest.raises(UsageError, match="NO_SUCH"):
        plan_migration(survey(), REWRITE, answers(secrets=("NO_SUCH",)), folder=None)


def test_the_backup_knows_index_projects_and_choice_of_each_secret() -> None:
    plan = plan_migration(survey(), REWRITE, answers(), folder=None)
    items = {i.entry.name: i for s in plan.steps if isinstance(s, SealBackup) for i in s.items}
    assert items["PYPI_API_TOKEN"].index is Index.PYPI
    assert items["PYPI_API_TOKEN"].projects == ("my-project",)
    assert items["TEST_TOKEN"].choice is BackupChoice.NONE


def test_a_user_name_is_removed_without_asking_for_a_token() -> None:
    user = replace(reference("PYPI_USER", Target.PYPI, "pypi"), role="username")
    analysis = replace(ANALYSIS, references=(*ANALYSIS.references, user))
    known = survey(entry("PYPI_API_TOKEN"), entry("PYPI_USER"), analysis=analysis)
    plan = plan_migration(known, REWRITE, answers(secrets=("PYPI_API_TOKEN", "PYPI_USER")), folder=None)
    items = {i.entry.name: i for s in plan.steps if isinstance(s, SealBackup) for i in s.items}
    assert (items["PYPI_USER"].holds_token, items["PYPI_USER"].choice) == (False, BackupChoice.NONE)


def test_a_declined_rewrite_stops_with_the_steps_by_hand() -> None:
    declined = Rewrite(declined=(Declined(PATH, "it calls a reusable workflow", ("do this", "then that")),))
    with pytest.raises(StillReferenced) as stopped:
        plan_migration(survey(), declined, answers(), folder=None)
    assert "(1) do this (2) then that" in stopped.value.hint


def test_s7_a_workflow_with_a_token_in_its_text_comes_into_no_plan() -> None:
    before = b"        password: pypi-AgEIcHlwaS5vcmc" + b"C" * 160 + b"\n"
    plain = Rewrite(changes=(FileChange(PATH, before, b"\n", (), "b10b"),))
    with pytest.raises(StillReferenced) as refused:
        plan_migration(survey(), plain, answers(), folder=None)
    assert "CCCC" not in str(refused.value)


ORGANISATION = answers(secrets=("PYPI_API_TOKEN",))
OTHERS_USE = SharedUse("PYPI_API_TOKEN", Repository("Owner", "Other"), Found(value=True))


def test_an_organisation_secret_that_others_read_loses_only_this_repository() -> None:
    shared = shared_entry("PYPI_API_TOKEN", (8, "Other"))
    use = SharedUse("PYPI_API_TOKEN", Repository("Owner", "Other"), Found(value=True))
    plan = plan_migration(replace(survey(shared), shared=(use,)), REWRITE, ORGANISATION, folder=None)
    assert [s.entry.name for s in plan.steps if isinstance(s, UnselectRepository)] == ["PYPI_API_TOKEN"]
    assert "RemoveSecret" not in kinds(plan)
    assert "SealBackup" not in kinds(plan)


@pytest.mark.parametrize("reads", [Unreadable("Other", "403"), Found(value=True)])
def test_what_cannot_be_seen_counts_as_reading(reads: Found[bool] | Unreadable) -> None:
    shared = shared_entry("PYPI_API_TOKEN", (8, "Other"))
    use = SharedUse("PYPI_API_TOKEN", Repository("Owner", "Other"), reads)
    plan = plan_migration(replace(survey(shared), shared=(use,)), REWRITE, ORGANISATION, folder=None)
    assert "RemoveSecret" not in kinds(plan)


def test_an_organisation_secret_goes_when_the_last_reader_has_moved() -> None:
    shared = shared_entry("PYPI_API_TOKEN", (8, "Other"))
    use = SharedUse("PYPI_API_TOKEN", Repository("Owner", "Other"), Found(value=False))
    plan = plan_migration(replace(survey(shared), shared=(use,)), REWRITE, ORGANISATION, folder=None)
    assert "RemoveSecret" in kinds(plan)


def test_a_plan_survives_the_journal() -> None:
    plan = plan_migration(survey(), REWRITE, answers(), folder="/somewhere")
    assert decode(Plan, encode(plan)) == plan
