"""S1 to S11, each tried by somebody who wants to break it. Everything goes through the services' real paths."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable

import pytest

from keyless.errors import BackupRefused, NotAllowed, NotProven, StillReferenced
from keyless.journal import Journal
from keyless.model.index import Index
from keyless.model.journey import JourneyState, StepState
from keyless.model.plan import Phase, RemoveSecret, SealBackup
from keyless.rehearsal.faults import Fault, FaultKind, clear_faults, set_fault
from keyless.rehearsal.github import state
from keyless.rehearsal.index import state as index_state
from tests.staging import DAY, Killed, Scene

REMOVE = "Remove PYPI_API_TOKEN"
BOTH = {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}
TINY = "nadia/tinyplot"


def flip(play: Scene) -> None:
    (path,) = play.backups()
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)


def delete(play: Scene) -> None:
    (path,) = play.backups()
    path.unlink()


def swap(play: Scene) -> None:
    (path,) = play.backups()
    path.write_bytes(b"")


# --- S1: never lost ---


@pytest.mark.parametrize("harm", [flip, delete, swap])
def test_s1_nothing_is_removed_behind_a_backup_that_is_not_the_one_that_was_opened(
    scene: Callable[..., Scene], harm: Callable[[Scene], None]
) -> None:
    play = scene()
    play.heard.at[REMOVE] = lambda: harm(play)
    error = play.error(play.migrate)
    assert isinstance(error, BackupRefused)
    assert error.exit_code == 14
    assert play.names() == BOTH


@pytest.mark.parametrize("harm", [flip, delete])
def test_s1_a_lost_backup_is_made_anew_by_the_command_that_the_error_names(
    scene: Callable[..., Scene], harm: Callable[[Scene], None]
) -> None:
    play = scene()
    before = play.snapshot()
    play.heard.at[REMOVE] = lambda: harm(play)
    assert "--replan" in play.error(play.migrate).hint
    play.migrate(replan=True)
    assert play.names() == set()
    play.rollback()
    assert play.snapshot() == before


def test_s1_a_secret_that_a_new_plan_adds_is_backed_up_before_it_goes(scene: Callable[..., Scene]) -> None:
    play = scene(secrets=["TEST_PYPI_API_TOKEN"])
    before = play.snapshot()

    def gone() -> None:
        raise Killed

    play.heard.at["Remove TEST_PYPI_API_TOKEN"] = gone
    with pytest.raises(Killed):
        play.migrate()
    play.told["secrets"] = ["PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"]
    play.migrate(replan=True)
    assert play.names() == set()
    assert len(play.backups()) == 2
    play.rollback()
    assert play.snapshot() == before
    play.release()  # works again by token, so the token that went back is the right one
    newest = max(index_state.files(play.store, Index.PYPI, "shap-like"), key=lambda file: file["uploaded_at"])
    assert not newest["trusted"]


def test_s1_a_backup_that_was_declined_first_is_made_when_a_new_plan_wants_it(scene: Callable[..., Scene]) -> None:
    play = scene(backup="none", confirm_no_backup="shap-like")

    def gone() -> None:
        raise Killed

    play.heard.at["Remove "] = gone
    with pytest.raises(Killed):
        play.migrate()
    play.told["backup"] = "token"
    play.migrate(replan=True)
    assert len(play.backups()) == 1


def test_s1_killed_at_the_start_of_every_step_the_tokens_are_never_lost(scene: Callable[..., Scene]) -> None:
    play = scene()
    before = play.snapshot()
    for command, wanted in ((play.migrate, JourneyState.WINDOW), (play.rollback, JourneyState.ROLLED_BACK)):
        kills = 0
        while True:
            seen: list[str] = []

            def start(number: int, total: int, title: str, *, seen: list[str] = seen) -> None:
                seen.append(title)
                if len(seen) == 2:
                    raise Killed

            play.heard.step_started = start
            try:
                journey = command()
                break
            except Killed:
                kills += 1
            assert play.names() == BOTH or play.backups()
        assert journey.state is wanted
        assert kills > 2
    assert play.snapshot() == before


# --- S2: never both broken ---


def test_s2_configuration_is_no_proof(scene: Callable[..., Scene]) -> None:
    """The publisher is registered and the workflow is merged, but nothing was released through them."""
    play = scene("two-libraries", testpypi="skip", testpypi_reason="not used")
    play.acts = False
    play.error(play.migrate)
    play.carry_out(*play.plan().steps[:1])
    play.merge()
    error = play.error(play.migrate)
    assert isinstance(error, NotProven)
    assert play.names() >= {"PYPI_API_TOKEN"}


def test_s2_a_release_by_token_is_no_proof(scene: Callable[..., Scene]) -> None:
    """Somebody uploads with the token by hand, after the workflow was changed."""
    play = scene("two-libraries", testpypi="skip", testpypi_reason="not used", grade="inferred", grade_reason="a try")
    play.acts = False
    play.error(play.migrate)
    play.merge()
    index_state.publish_file(play.store, Index.PYPI, "shap-nadia", index_state.sdist("shap-nadia", "9.0"), user="nadia")
    assert isinstance(play.error(play.migrate), NotProven)
    assert play.names() >= {"PYPI_API_TOKEN"}


def test_s2_an_unsigned_release_does_not_reach_the_bar_attested(scene: Callable[..., Scene]) -> None:
    play = scene("two-people", grade="attested")
    error = play.error(play.migrate)
    assert isinstance(error, NotProven)
    assert play.names() == {"PYPI_TOKEN"}


def test_s2_a_proof_that_cannot_be_looked_at_is_no_proof(scene: Callable[..., Scene]) -> None:
    play = scene()
    index_state.set_switches(play.store, Index.TESTPYPI, no_provenance=True)
    error = play.error(play.migrate)
    assert error.exit_code in (10, 75)
    assert play.names() == BOTH
    index_state.set_switches(play.store, Index.TESTPYPI, no_provenance=False)
    play.migrate()
    assert play.names() == set()


# --- S3: nothing that can still run reads a removed secret ---

WORKFLOW = ".github/workflows/release.yml"


def test_s3_a_branch_made_before_the_plan_keeps_the_secret(scene: Callable[..., Scene]) -> None:
    play = scene()
    state.create_branch(play.store, "shap-like", "shap", "release-0.45", {})
    error = play.error(play.migrate)
    assert isinstance(error, StillReferenced)
    assert "release-0.45" in error.what
    assert "branch:release-0.45" in error.hint
    assert play.names() == BOTH


def test_s3_a_branch_that_appears_just_before_the_removal_keeps_the_secret(scene: Callable[..., Scene]) -> None:
    play = scene()
    old = play.read_file(WORKFLOW)
    play.heard.at[REMOVE] = lambda: state.create_branch(play.store, "shap-like", "shap", "late", {WORKFLOW: old})
    error = play.error(play.migrate)
    assert isinstance(error, StillReferenced)
    assert "late" in error.what
    assert "PYPI_API_TOKEN" in play.names()


def test_s3_a_branch_accepted_by_its_name_is_accepted_and_no_other(scene: Callable[..., Scene]) -> None:
    play = scene(accept_reference=["branch:release-0.45"])
    for name in ("release-0.45", "release-0.44"):
        state.create_branch(play.store, "shap-like", "shap", name, {})
    error = play.error(play.migrate)
    assert "release-0.44" in error.what
    assert "release-0.45" not in error.what
    assert play.names() == BOTH


def test_s3_a_branch_that_cannot_be_read_counts_as_may_read_it(scene: Callable[..., Scene]) -> None:
    play = scene()

    def unreadable() -> None:
        sha = state.create_branch(play.store, "shap-like", "shap", "opaque", {"x.txt": b"x"})
        head = sha or state.head(play.store, "shap-like", "shap", "opaque")
        set_fault(play.store, Fault(FaultKind.NO_PERMISSION, "github", "GET", f"*/git/trees/{head}*", times=-1))

    play.heard.at[REMOVE] = unreadable
    error = play.error(play.migrate)
    assert isinstance(error, StillReferenced)
    assert "opaque" in error.what
    assert "could not be read" in error.what
    assert "PYPI_API_TOKEN" in play.names()


def test_s3_branches_that_cannot_be_listed_count_as_may_read_it(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.heard.at[REMOVE] = lambda: set_fault(
        play.store, Fault(FaultKind.NO_PERMISSION, "github", "POST", "/graphql", times=-1)
    )
    error = play.error(play.migrate)
    assert error.exit_code in (4, 13, 75)
    assert "PYPI_API_TOKEN" in play.names()


def test_s3_a_workflow_of_the_organisation_that_cannot_be_seen_keeps_the_secret(scene: Callable[..., Scene]) -> None:
    """The last repository on the list would delete the secret, but one that nobody can look into still sees it."""
    play = scene("organisation")
    lantern, anchor = play.world.migrate
    compass = next(one for one in play.world.repositories if one.name == "compass")
    play.migrate(lantern)
    state.set_role(play.store, "northwind", "compass", "priya", None)
    set_fault(play.store, Fault(FaultKind.NOT_FOUND, "github", "*", "/repos/northwind/compass*", times=-1))
    play.migrate(anchor)
    assert "PYPI_TOKEN" in play.names(compass), "only the list shrank"
    assert "PYPI_TOKEN" not in play.names(anchor)


def test_s3_a_reusable_workflow_that_is_handed_all_secrets_keeps_them(scene: Callable[..., Scene]) -> None:
    play = scene()
    caller = "on: push\njobs:\n  all:\n    uses: elsewhere/shared/.github/workflows/x.yml@v1\n    secrets: inherit\n"
    play.heard.at[REMOVE] = lambda: play.write(".github/workflows/more.yml", caller)
    error = play.error(play.migrate)
    assert isinstance(error, StillReferenced)
    assert "more.yml" in error.what
    assert "PYPI_API_TOKEN" in play.names()


def test_s3_a_local_action_that_reads_it_keeps_it(scene: Callable[..., Scene]) -> None:
    play = scene()
    caller = (
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./.github/actions/up\n"
        "        with:\n          key: ${{ secrets.PYPI_API_TOKEN }}\n"
    )
    play.heard.at[REMOVE] = lambda: play.write(".github/workflows/more.yml", caller)
    assert isinstance(play.error(play.migrate), StillReferenced)
    assert "PYPI_API_TOKEN" in play.names()


# --- S4, S5: see test_worlds ---


def test_s4_a_secret_that_somebody_put_back_meanwhile_is_left_alone(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.migrate()
    play.edit_secret("PYPI_API_TOKEN", "a newer token of theirs")
    play.rollback()
    assert state.secret_value(play.store, "repository", "shap-like", "shap", None, "PYPI_API_TOKEN") == (
        "a newer token of theirs"
    )


def test_s4_a_rollback_before_the_merge_leaves_no_pull_request_behind(scene: Callable[..., Scene]) -> None:
    play = scene()
    before, branches = play.snapshot(), branches_of(play)
    play.acts = False
    play.error(play.migrate)
    assert [pull["state"] for pull in state.pull_requests(play.store, "shap-like", "shap")] == ["open"]
    play.rollback()
    assert play.snapshot() == before
    assert [pull["state"] for pull in state.pull_requests(play.store, "shap-like", "shap")] == ["closed"]
    assert branches_of(play) == branches


def branches_of(play: Scene) -> set[str]:
    async def listed(desk: object) -> set[str]:
        return {branch.name for branch in (await desk.github.branches(play.repository)).value}

    return play.work(listed)


def test_s4_a_rollback_after_the_whole_way_leaves_no_branch_of_ours(scene: Callable[..., Scene]) -> None:
    play = scene()
    branches = branches_of(play)
    play.migrate()
    play.rollback()
    assert branches_of(play) == branches


# --- S6: untouched, done, resumable or rolled back ---


def test_s6_killed_between_effect_and_outcome_of_every_step_the_same_command_ends_it(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    play = scene()
    before = play.snapshot()
    done, killed = Journal.done, set()

    def dies_once(self: Journal, journey: str, phase: Phase, step: str, *rest: object) -> None:
        if (phase, step) not in killed:
            killed.add((phase, step))
            raise Killed
        done(self, journey, phase, step, *rest)

    monkeypatch.setattr(Journal, "done", dies_once)
    for command in (play.migrate, play.rollback, play.migrate, play.finish):
        for _ in range(40):
            try:
                command()
                break
            except Killed:
                assert command == play.finish or play.names() == BOTH or play.backups(), "S1"
        if command == play.rollback:
            assert play.snapshot() == before
            killed.clear()
    assert play.names() == set()
    assert len(killed) > 12


# --- S8 ---


@pytest.mark.parametrize("harm", [flip, swap])
def test_s8_a_damaged_backup_puts_nothing_back(scene: Callable[..., Scene], harm: Callable[[Scene], None]) -> None:
    play = scene(stage="migrated", confirm_rollback=True)
    harm(play)
    play.answers = False
    error = play.error(play.rollback)
    assert isinstance(error, BackupRefused)
    assert error.exit_code == 14
    assert play.names() == set()


@pytest.mark.parametrize("harm", [flip, delete])
def test_s8_a_new_token_is_the_way_back_when_the_backup_is_lost(
    scene: Callable[..., Scene], harm: Callable[[Scene], None]
) -> None:
    play = scene(stage="migrated")
    harm(play)
    play.rollback()
    assert play.names() == BOTH
    assert any("pypi.rehearsal" in link for link in play.heard.links)
    play.release()


# --- S9 ---


def test_s9_the_backup_stays_while_its_token_is_alive(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.migrate()
    play.acts = False
    error = play.error(play.finish)
    assert error.exit_code == 75
    assert "#remove-API-token--" in error.hint
    assert len(play.backups()) == 1


def test_s9_the_backup_stays_while_s2_does_not_hold(scene: Callable[..., Scene]) -> None:
    """After the migration somebody released by token again."""
    play = scene("lost-token", backup="new-token")
    play.migrate()
    token = index_state.create_token(play.store, Index.PYPI, "otto", "quiet-parser", "again")
    state.set_secret(play.store, "repository", "otto", "quiet-parser", None, "PYPI_TOKEN", token.reveal())
    text = play.read_file(".github/workflows/publish.yml").decode()
    with_token = text.rstrip("\n") + "\n        with:\n          password: ${{ secrets.PYPI_TOKEN }}\n"
    play.write(".github/workflows/publish.yml", with_token)
    play.store.advance(DAY)
    play.release()
    error = play.error(play.finish)
    assert isinstance(error, NotProven)
    assert len(play.backups()) == 1
    assert len(index_state.tokens_of(play.store, Index.PYPI, "otto")) == 3


def test_s9_an_index_that_does_not_answer_is_no_proof_of_a_dead_token(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.migrate()
    play.heard.at["Remove the token"] = lambda: index_state.set_switches(play.store, Index.PYPI, down=True)
    error = play.error(play.finish)
    assert error.exit_code == 75
    assert len(play.backups()) == 1


# --- S10 ---


def test_s10_a_newer_journal_is_refused_and_nothing_is_touched(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.migrate()
    (path,) = play.state.glob("*.sqlite*")
    with sqlite3.connect(path) as db:
        (now,) = db.execute("PRAGMA user_version").fetchone()
        db.execute(f"PRAGMA user_version = {now + 1}")
    db.close()
    data = path.read_bytes()
    for command in (play.migrate, play.rollback, play.finish):
        error = play.error(command)
        assert error.exit_code in (2, 14)
        assert re.search(r"newer|version", error.what)
    assert path.read_bytes() == data
    assert play.names() == set()


# --- S11: "could not read" is never "is not there" ---


@pytest.mark.parametrize("kind", [FaultKind.NO_PERMISSION, FaultKind.NOT_FOUND, FaultKind.SERVER_ERROR])
def test_s11_a_store_that_cannot_be_read_is_not_an_empty_one(scene: Callable[..., Scene], kind: FaultKind) -> None:
    play = scene()
    play.heard.at[REMOVE] = lambda: set_fault(
        play.store, Fault(kind, "github", "GET", "/repos/shap-like/shap/actions/secrets", times=-1)
    )
    error = play.error(play.migrate)
    assert error.exit_code in (4, 75)
    clear_faults(play.store)
    with play.journal() as journal:
        records = journal.records(journal.newest(play.repository).id, Phase.MIGRATE)
    removals = [record for record in records if record.step.endswith("/PYPI_API_TOKEN")]
    assert all(record.state is not StepState.DONE for record in removals)
    assert "PYPI_API_TOKEN" in play.names()
    play.migrate()
    assert play.names() == set()


def test_s11_a_pull_request_that_cannot_be_read_is_not_one_that_was_closed(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.heard.at["Delete the merged branch"] = lambda: set_fault(
        play.store, Fault(FaultKind.NO_PERMISSION, "github", "GET", "*/pulls", times=-1)
    )
    error = play.error(play.migrate)
    assert isinstance(error, NotAllowed)
    clear_faults(play.store)
    play.migrate()
    assert {name for name in branches_of(play) if name.startswith("keyless/")} == set()


def test_s11_an_environment_that_cannot_be_listed_is_told(scene: Callable[..., Scene]) -> None:
    play = scene()
    set_fault(play.store, Fault(FaultKind.NO_PERMISSION, "github", "GET", "*/environments", times=-1))
    play.migrate(dry_run=True)
    assert any("Not seen" in line and "environment" in line for line in play.heard.warnings)


def test_plans_name_every_secret_once(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.migrate()
    steps = play.plan().steps
    assert len([s for s in steps if isinstance(s, RemoveSecret)]) == 2
    assert len([s for s in steps if isinstance(s, SealBackup)]) == 1
    assert len({s.id for s in steps}) == len(steps)
