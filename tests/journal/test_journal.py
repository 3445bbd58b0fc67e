"""The journal as its users see it: what is written is there again, also for another process and after a reopening."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from keyless.errors import UsageError
from keyless.journal import Journal, check_export
from keyless.model.codec import CodecError
from keyless.model.github import Repository
from keyless.model.journey import BackupRecord, Journey, JourneyState, StepRecord, StepState
from keyless.model.plan import ChangeWorkflow, Delivery, OpenWindow, Phase, Plan
from keyless.model.realm import Realm
from keyless.model.workflow import FileChange, Hunk
from keyless.secret import Secret
from tests.journal.conftest import NOW, WIDGET
from tests.tokens.conftest import USER_TOKEN

LATER = NOW + timedelta(days=14)
CHANGE = FileChange("a.yml", b"\xff\r\n", b"x", (Hunk(1, ("a",), ("b",), "why"),), None)
PLAN = Plan(
    Phase.MIGRATE,
    WIDGET,
    (ChangeWorkflow("w", WIDGET, "main", "c" * 40, "keyless", (CHANGE,), Delivery.LOCAL, "/x"), OpenWindow("o", 14)),
    NOW,
)


def test_a_journey_begins_migrating_and_is_found_again(journal: Journal) -> None:
    journey = journal.begin(WIDGET, NOW)
    assert (journey.repository, journey.state, journey.started_at) == (WIDGET, JourneyState.MIGRATING, NOW)
    assert journal.journeys() == (journey,)
    assert journal.journey(journey.id) == journal.newest(WIDGET) == journey
    assert journal.journey("nonsense") is journal.newest(Repository("a", "b")) is None


def test_github_names_compare_without_case(journal: Journal) -> None:
    journey = journal.begin(WIDGET, NOW)
    assert journal.newest(Repository("acme", "WIDGET")) == journey


def test_beginning_again_goes_on_with_the_open_journey(journal: Journal) -> None:
    journey = journal.begin(WIDGET, NOW)
    assert journal.begin(Repository("ACME", "widget"), LATER) == journey
    assert len(journal.journeys()) == 1


@pytest.mark.parametrize("end", [JourneyState.FINISHED, JourneyState.ROLLED_BACK])
def test_after_an_end_another_journey_begins_and_is_the_newest(journal: Journal, end: JourneyState) -> None:
    first = journal.begin(WIDGET, NOW)
    journal.set_state(first.id, end, NOW)
    second = journal.begin(WIDGET, NOW)
    assert second.id != first.id
    assert journal.newest(WIDGET) == second
    assert [journey.id for journey in journal.journeys()] == [first.id, second.id]


def test_the_window_stays_until_it_is_set_again(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    journal.set_state(id_, JourneyState.WINDOW, NOW, LATER)
    journal.set_state(id_, JourneyState.ROLLING_BACK, LATER)
    found = journal.journey(id_)
    assert found is not None
    assert (found.state, found.window_until) == (JourneyState.ROLLING_BACK, LATER)


def test_answers_are_kept_by_key_and_the_newest_counts(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    journal.answer(id_, "window", 14, NOW)
    journal.answer(id_, "projects", ["a", None, {"b": True}], NOW)
    journal.answer(id_, "window", 7, NOW)
    assert journal.answers(id_) == {"window": 7, "projects": ["a", None, {"b": True}]}


def test_plans_are_kept_by_phase_and_the_newest_counts(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    assert journal.plan(id_, Phase.MIGRATE) is None
    newer = dataclasses.replace(PLAN, steps=PLAN.steps[1:])
    undo = dataclasses.replace(PLAN, phase=Phase.ROLLBACK)
    for plan in (PLAN, undo, newer):
        journal.set_plan(id_, plan)
    assert (journal.plan(id_, Phase.MIGRATE), journal.plan(id_, Phase.ROLLBACK)) == (newer, undo)
    assert journal.plan(id_, Phase.FINISH) is None


def test_records_say_the_newest_of_each_step_in_first_seen_order(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    journal.intend(id_, Phase.MIGRATE, "a", NOW)
    journal.intend(id_, Phase.MIGRATE, "b", NOW)
    journal.waiting(id_, Phase.MIGRATE, "b", NOW, {"until": "merged"})
    journal.done(id_, Phase.MIGRATE, "a", LATER, ["proof"])
    journal.intend(id_, Phase.ROLLBACK, "a", LATER)
    migrated = (
        StepRecord(Phase.MIGRATE, "a", StepState.DONE, LATER, ["proof"]),
        StepRecord(Phase.MIGRATE, "b", StepState.WAITING, NOW, {"until": "merged"}),
    )
    undone = (StepRecord(Phase.ROLLBACK, "a", StepState.INTENDED, LATER, None),)
    assert journal.records(id_) == migrated + undone
    assert journal.records(id_, Phase.MIGRATE) == migrated
    assert journal.records(id_, Phase.FINISH) == ()


def test_backups_are_kept_replaced_and_marked_shredded(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    first = BackupRecord("b1", id_, "/x", "00", LATER, None)
    second = BackupRecord("b2", id_, "/y", "11", LATER, None)
    extended = dataclasses.replace(first, sha256="22", expires_at=LATER + timedelta(days=9))
    for record in (first, second, extended):
        journal.add_backup(record)
    journal.mark_shredded("b2", LATER)
    assert journal.backups(id_) == (extended, dataclasses.replace(second, shredded_at=LATER))


def test_a_backup_is_known_whichever_migration_it_is_of(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    journal.add_backup(BackupRecord("b1", id_, "/x", "00", LATER, None))
    assert journal.knows_backup("b1")
    assert not journal.knows_backup("b2")


def test_what_a_backup_was_about_to_become_is_known_until_it_is_said_what_it_became(journal: Journal) -> None:
    """Of every migration, and the newest intent of each backup; one that was destroyed becomes nothing any more."""
    here, there = journal.begin(WIDGET, NOW).id, journal.begin(Repository("a", "b"), NOW).id
    first, second, other = (
        BackupRecord(name, id_, "/x", "00", LATER, None) for name, id_ in (("b1", here), ("b2", here), ("b3", there))
    )
    for record in (first, second, other):
        journal.add_backup(record)
        assert journal.intended_backups() == ()
    longer = dataclasses.replace(first, sha256="22", expires_at=LATER + timedelta(days=9))
    for record in (dataclasses.replace(first, sha256="11"), longer, second, other):
        journal.intend_backup(record)
    assert set(journal.intended_backups()) == {longer, second, other}
    assert journal.backups(here) == (first, second)
    journal.backup_changed(longer, LATER)
    journal.mark_shredded("b2", LATER)
    assert journal.intended_backups() == (other,)
    assert journal.backups(here)[0] == longer


@pytest.mark.parametrize(
    ("state", "until"), [(JourneyState.WINDOW, LATER + timedelta(days=2)), (JourneyState.ROLLING_BACK, LATER)]
)
def test_an_open_window_moves_with_the_first_of_its_backups_to_end(
    journal: Journal, state: JourneyState, until: object
) -> None:
    """One that is destroyed ends no window; and where none is open, none opens."""
    id_ = journal.begin(WIDGET, NOW).id
    first, second, gone = (
        BackupRecord(name, id_, "/x", "00", LATER + timedelta(days=days), None)
        for name, days in (("b1", 0), ("b2", 2), ("b3", -3))
    )
    for record in (first, second, gone):
        journal.add_backup(record)
    journal.mark_shredded("b3", NOW)
    journal.set_state(id_, state, NOW, LATER)
    journal.backup_changed(dataclasses.replace(first, expires_at=LATER + timedelta(days=9)), NOW)
    found = journal.journey(id_)
    assert found is not None
    assert (found.state, found.window_until) == (state, until)


def told_anew(state: JourneyState, until: datetime | None = LATER) -> Journey:
    return Journey("20261123-0011aabb", WIDGET, state, NOW, until)


def test_a_migration_that_is_known_from_elsewhere_is_adopted_whole(journal: Journal) -> None:
    """Its events, its backups and where it stands; its export is sound like any other."""
    journey = told_anew(JourneyState.WINDOW)
    record = BackupRecord("b1", journey.id, "/x", "00", LATER, None)
    journal.adopt(journey, [("rebuilt", {"from": "b1"}), ("answer", {"key": "window", "value": 14})], [record])
    assert journal.newest(WIDGET) == journey
    assert journal.backups(journey.id) == (record,)
    assert journal.knows_backup("b1")
    assert journal.answers(journey.id) == {"window": 14}
    assert check_export(list(journal.export(journey.id))).sound


def test_an_open_migration_is_never_adopted_beside_another_and_an_ended_one_is(journal: Journal) -> None:
    """And the one that is open stays the one that every command goes on with."""
    going_on = journal.begin(WIDGET, NOW)
    with pytest.raises(UsageError, match="open migration of Acme/Widget already"):
        journal.adopt(told_anew(JourneyState.MIGRATING, None), [], [])
    assert journal.journeys() == (going_on,)
    ended = told_anew(JourneyState.ROLLED_BACK)
    journal.adopt(ended, [], [])
    assert set(journal.journeys()) == {going_on, ended}
    assert journal.newest(WIDGET) == journal.begin(WIDGET, LATER) == going_on


def test_the_latest_time_seen_wins_and_survives(folder: Path) -> None:
    with Journal.open(folder, Realm.REAL) as journal:
        assert journal.last_seen() is None
        journal.saw(NOW)
        journal.saw(NOW - timedelta(days=3650))
        journal.saw(NOW + timedelta(seconds=1))
        assert journal.last_seen() == NOW + timedelta(seconds=1)
    with Journal.open(folder, Realm.REAL) as journal:
        assert journal.last_seen() == NOW + timedelta(seconds=1)
        journal.saw(NOW)
        assert journal.last_seen() == NOW + timedelta(seconds=1)


def test_a_later_time_is_durable_at_once_when_it_matters(folder: Path) -> None:
    with Journal.open(folder, Realm.REAL) as one, Journal.open(folder, Realm.REAL) as two:
        one.saw(NOW)
        one.saw(NOW + timedelta(hours=1))
        assert two.last_seen() == NOW + timedelta(hours=1)
        two.saw(NOW + timedelta(hours=2))
        assert one.last_seen() == NOW + timedelta(hours=2)


def test_two_open_journals_see_each_others_writes_at_once(folder: Path) -> None:
    with Journal.open(folder, Realm.REAL) as one, Journal.open(folder, Realm.REAL) as two:
        journey = one.begin(WIDGET, NOW)
        for number in range(5):
            (one, two)[number % 2].intend(journey.id, Phase.MIGRATE, f"s{number}", NOW)
        assert one.records(journey.id) == two.records(journey.id)
        assert len(one.records(journey.id)) == 5


def test_everything_is_there_after_a_reopening(folder: Path) -> None:
    with Journal.open(folder, Realm.REAL) as journal:
        id_ = journal.begin(WIDGET, NOW).id
        journal.set_plan(id_, PLAN)
        journal.done(id_, Phase.MIGRATE, "a", NOW, 1.5)
        before = (journal.journeys(), journal.plan(id_, Phase.MIGRATE), journal.records(id_), journal.events(id_))
    with Journal.open(folder, Realm.REAL) as journal:
        assert before == (
            journal.journeys(),
            journal.plan(id_, Phase.MIGRATE),
            journal.records(id_),
            journal.events(id_),
        )


def test_a_plan_of_the_next_phase_does_not_disturb_another_journey(journal: Journal) -> None:
    one, two = journal.begin(WIDGET, NOW).id, journal.begin(Repository("o", "n"), NOW).id
    journal.intend(one, Phase.MIGRATE, "a", NOW)
    journal.answer(two, "k", 1, NOW)
    assert (journal.records(two), journal.answers(one)) == ((), {})


@pytest.mark.parametrize(
    "attempt",
    [
        lambda journal: journal.set_state("no", JourneyState.WINDOW, NOW),
        lambda journal: journal.answer("no", "k", 1, NOW),
        lambda journal: journal.intend("no", Phase.MIGRATE, "s", NOW),
        lambda journal: journal.set_plan("no", PLAN),
        lambda journal: journal.add_backup(BackupRecord("b", "no", "/x", "0", NOW, None)),
        lambda journal: journal.mark_shredded("no", NOW),
        lambda journal: journal.records("no"),
        lambda journal: journal.events("no"),
        lambda journal: list(journal.export("no")),
    ],
)
def test_a_journey_or_backup_that_there_is_not_is_a_clear_error(journal: Journal, attempt: object) -> None:
    with pytest.raises(UsageError, match="knows no"):
        attempt(journal)  # type: ignore[operator]
    assert journal.journeys() == ()


def test_a_secret_is_refused_and_nothing_is_written(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    for value in (USER_TOKEN, [USER_TOKEN], {"a": USER_TOKEN}):
        with pytest.raises(CodecError, match="secret"):
            journal.answer(id_, "token", value, NOW)  # type: ignore[arg-type]
    assert journal.answers(id_) == {}
    assert journal.begin(WIDGET, NOW).id == id_


def test_text_that_looks_like_a_token_is_hidden_wherever_it_came_from(journal: Journal, folder: Path) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    token = USER_TOKEN.reveal()
    journal.answer(id_, "reason", f"it says {token}!", NOW)
    journal.done(id_, Phase.MIGRATE, "s", NOW, {token: [token]})
    hunk = Hunk(1, (f"password: {token}",), (), "why")
    journal.set_plan(
        id_,
        dataclasses.replace(
            PLAN, steps=(dataclasses.replace(PLAN.steps[0], changes=(dataclasses.replace(CHANGE, hunks=(hunk,)),)),)
        ),
    )  # type: ignore[type-var]
    assert journal.answers(id_) == {"reason": "it says pypi-[hidden]!"}
    assert token[:30].encode() not in (folder / "journal.sqlite3").read_bytes()
    assert not any(token[:30] in line for line in journal.export(id_))
    assert check_export(journal.export(id_)).sound


def test_a_secret_box_is_never_equal_to_what_the_journal_kept() -> None:
    assert Secret("x") != "x"
