"""Each world's whole way, in this process: there, back, there again, and to the end."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from keyless.journeys.receipt import write_receipt
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.journey import JourneyState
from keyless.model.plan import Phase, RegisterPublisher, RemoveSecret, RevokeToken, UnselectRepository
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.world_file import shipped
from tests.staging import DAY, Scene

LANTERN, ANCHOR = Repository("northwind", "lantern"), Repository("northwind", "anchor")


def receipt(play: Scene, repository: Repository) -> dict:
    async def write(desk: object) -> object:
        return write_receipt(desk, desk.journal.newest(repository))

    _, markdown = play.work(write)
    return json.loads(markdown.with_suffix(".json").read_text())


def selected(play: Scene, repository: Repository) -> set[int]:
    return {number for one in play.snapshot(repository).secrets for number in one.selected}


@pytest.mark.parametrize("world", shipped())
def test_s4_rollback_after_migrate_is_identity_and_migrate_again_is_finished(
    scene: Callable[..., Scene], world: str
) -> None:
    """Names, stores, visibility, selected repositories and workflow bytes; then every token that was given is dead."""
    play = scene(world)
    for repository in play.world.migrate:
        before = play.snapshot(repository)
        assert play.migrate(repository).state is JourneyState.WINDOW
        assert play.snapshot(repository) != before
        assert play.rollback(repository).state is JourneyState.ROLLED_BACK
        assert play.snapshot(repository) == before
        assert play.migrate(repository).state is JourneyState.WINDOW
        play.store.advance(10 * DAY)
        assert play.finish(repository).state is JourneyState.FINISHED
        ends = receipt(play, repository)["tokens"]
        assert {end["end"] for end in ends if end["identifier"]} <= {"proven gone"}
    left = [
        path for path in play.backups() if not any(f"backup shred {path.stem[-16:]}" in w for w in play.heard.warnings)
    ]
    assert left == [], "a backup outlives its token, and nobody was told"


@pytest.mark.parametrize("world", ["shap-like", "organisation", "monorepo", "lost-token"])
def test_s5_every_command_run_twice_equals_once(scene: Callable[..., Scene], world: str) -> None:
    play = scene(world)
    for command in (play.migrate, play.finish):
        for repository in play.world.migrate:
            command(repository)
        once, files = [play.snapshot(one) for one in play.world.repositories], play.backups()
        for repository in play.world.migrate:
            command(repository)
        assert [play.snapshot(one) for one in play.world.repositories] == once
        assert play.backups() == files


def test_s5_rollback_twice_equals_once(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.migrate()
    play.rollback()
    once = play.snapshot()
    play.rollback()
    assert play.snapshot() == once


def test_a_dry_run_writes_nothing_anywhere(scene: Callable[..., Scene]) -> None:
    play = scene()
    before = list(play.store._db.iterdump())
    assert play.migrate(dry_run=True) is None
    asked = {"github-quota", "github-minute"}
    changed = {line for line in set(play.store._db.iterdump()) ^ set(before) if not any(word in line for word in asked)}
    assert changed == set()
    with play.journal() as journal:
        assert journal.journeys() == ()
    assert play.backups() == []


def test_an_organisations_list_shrinks_and_the_secret_goes_with_the_last(scene: Callable[..., Scene]) -> None:
    play = scene("organisation")
    everyone = selected(play, LANTERN)
    assert len(everyone) == 4
    play.migrate(LANTERN)
    assert [type(step) for step in play.plan().steps if isinstance(step, RemoveSecret | UnselectRepository)] == [
        UnselectRepository
    ]
    assert "PYPI_TOKEN" not in play.names(LANTERN)
    assert "PYPI_TOKEN" in play.names(ANCHOR), "anchor still needs it"
    assert len(selected(play, ANCHOR)) == 3
    assert play.backups() == [], "the secret is still there, so there is nothing to back up"
    play.migrate(ANCHOR)
    assert "PYPI_TOKEN" not in play.names(ANCHOR)
    removal = next(step for step in play.plan(repository=ANCHOR).steps if isinstance(step, RemoveSecret))
    assert removal.entry.store.environment is None
    assert len(play.backups()) == 1


def test_a_shrunk_list_grows_again(scene: Callable[..., Scene]) -> None:
    play = scene("organisation")
    before = play.snapshot(LANTERN)
    play.migrate(LANTERN)
    play.rollback(LANTERN)
    assert play.snapshot(LANTERN) == before


def test_an_organisation_comes_back_repository_by_repository_in_any_order(scene: Callable[..., Scene]) -> None:
    play = scene("organisation")
    before = {one: play.snapshot(one) for one in (LANTERN, ANCHOR)}
    play.migrate(LANTERN)
    play.migrate(ANCHOR)
    error = play.error(lambda: play.rollback(LANTERN))
    assert error.exit_code == 75
    assert "another repository's rollback" in error.what
    play.rollback(ANCHOR)
    play.rollback(LANTERN)
    assert {one: play.snapshot(one) for one in (LANTERN, ANCHOR)} == before


def test_in_a_monorepo_the_secret_stays_until_both_projects_are_proven(scene: Callable[..., Scene]) -> None:
    play = scene("monorepo")
    play.acts = False
    assert play.error(play.migrate).exit_code == 75
    publishers = [step for step in play.plan().steps if isinstance(step, RegisterPublisher)]
    assert [step.project for step in publishers] == ["tidewater", "tidewater-cli"]
    play.carry_out(*publishers)
    play.merge()
    error = play.error(play.migrate)
    assert error.exit_code == 10
    assert "of tidewater on" in error.what
    play.release(project="tidewater")
    error = play.error(play.migrate)
    assert error.exit_code == 10
    assert "tidewater-cli" in error.what
    assert play.names() == {"PYPI_TOKEN"}
    play.acts = True
    play.migrate()
    assert play.names() == set()


def test_a_lost_token_is_replaced_by_a_new_one_and_the_receipt_says_so(scene: Callable[..., Scene]) -> None:
    play = scene("lost-token", backup="new-token", token_revoked="yes")
    play.migrate()
    assert any("/manage/account/token/" in link and "quiet-parser" in link for link in play.heard.links)
    before_finish = {row["id"] for row in index_state.tokens_of(play.store, Index.PYPI, "otto")}
    assert len(before_finish) == 2
    play.finish()
    ends = {end["identifier"] is None: end["end"] for end in receipt(play, play.repository)["tokens"]}
    assert ends == {True: "said to be gone", False: "proven gone"}


def test_without_a_backup_the_projects_name_is_typed_and_stands_in_the_receipt(scene: Callable[..., Scene]) -> None:
    play = scene("lost-token", backup="none", confirm_no_backup="quiet-parser", token_revoked="yes")
    play.migrate()
    assert play.names() == set()
    assert play.backups() == []
    play.finish()
    said = json.dumps(receipt(play, play.repository)["exemptions"])
    assert "no backup of PYPI_TOKEN" in said


def test_a_wrong_name_typed_is_no_consent(scene: Callable[..., Scene]) -> None:
    play = scene("lost-token", backup="none", confirm_no_backup="another-project")
    error = play.error(play.migrate)
    assert error.exit_code == 2
    assert play.names() == {"PYPI_TOKEN"}


def test_rollback_without_a_backup_says_where_to_issue_a_token_and_takes_it(scene: Callable[..., Scene]) -> None:
    play = scene("lost-token", backup="none", confirm_no_backup="quiet-parser")
    before = play.snapshot()
    play.migrate()
    play.heard.links.clear()
    play.rollback()
    assert play.snapshot() == before
    assert any("/manage/account/token/" in link for link in play.heard.links)
    play.release()  # by token again
    newest = max(index_state.files(play.store, Index.PYPI, "quiet-parser"), key=lambda file: file["uploaded_at"])
    assert not newest["trusted"]


def test_two_people_each_does_a_part(scene: Callable[..., Scene]) -> None:
    play = scene("two-people")
    play.migrate()
    kinds = [type(step) for step in play.plan().steps]
    assert RegisterPublisher in kinds
    play.finish()
    revoked = [step for step in play.plan(Phase.FINISH).steps if isinstance(step, RevokeToken)]
    assert len(revoked) == 1
