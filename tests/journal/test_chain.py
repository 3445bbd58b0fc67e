"""The export of a journey: any change, cut or reorder of it shows. So does one inside the database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.journal import Journal, JournalDamaged, check_export
from keyless.journal.chain import first_line, last_line
from keyless.journal.events import digest, make
from keyless.model.journey import JourneyState
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from tests.journal.conftest import NOW, WIDGET


def exported() -> list[str]:
    """Return a sound export of ten events, made without a database."""
    lines = [first_line("j", "real", "o/n", "2026-11-23T12:00:00Z")]
    previous = digest(lines[0])
    for number in range(1, 11):
        event = make("j", number, NOW, "step", json.dumps({"n": number}), previous)
        lines.append(event.line())
        previous = event.hash
    return [*lines, last_line(10, previous)]


LINES = exported()


def test_an_export_is_sound_with_and_without_line_ends(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    for number in range(20):
        journal.done(id_, Phase.MIGRATE, f"s{number}", NOW, {"é": "\u2028\x1b"})
    lines = list(journal.export(id_))
    check = check_export(lines)
    assert (check.sound, check.events, check.line) == (True, 21, None)
    assert check == check_export(line + "\n" for line in lines)
    assert check.head == journal.events(id_)[-1].hash
    assert all("\n" not in line and line.isascii() for line in lines)


def test_the_export_names_realm_and_repository_in_its_first_line(journal: Journal) -> None:
    first = json.loads(next(iter(journal.export(journal.begin(WIDGET, NOW).id))))
    assert (first["format"], first["realm"], first["repository"]) == ("keyless journal", "real", "Acme/Widget")


def test_each_line_missing_doubled_or_moved_is_found() -> None:
    assert check_export(LINES).sound
    for at in range(len(LINES)):
        assert not check_export(LINES[:at] + LINES[at + 1 :]).sound
        assert not check_export([*LINES[: at + 1], *LINES[at:]]).sound
        assert not check_export(LINES[:at]).sound
        for to in range(len(LINES)):
            moved = LINES[:at] + LINES[at + 1 :]
            moved.insert(to, LINES[at])
            assert check_export(moved).sound is (to == at)


def test_a_line_of_another_journey_is_found() -> None:
    other = make("k", 5, NOW, "step", "{}", json.loads(LINES[5])["previous"]).line()
    check = check_export([*LINES[:5], other, *LINES[6:]])
    assert (check.sound, check.line) == (False, 6)


def test_the_place_of_the_first_fault_is_named() -> None:
    changed = LINES[7].replace('"n":7', '"n":8')
    check = check_export([*LINES[:7], changed, *LINES[8:]])
    assert (check.line, check.problem, check.events) == (8, "an event was changed", 6)


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("", 3),
        ("{}", 3),
        ("[]", 3),
        ("[" * 100_000, 3),
        ('{"end":2}', 3),
        ("nonsense", 0),
        ("{}", 0),
        (LINES[0].replace('"version":1', '"version":2'), 0),
        (LINES[0].replace("keyless journal", "other"), 0),
        (LINES[0].replace('"realm"', '"more":1,"realm"'), 0),
        (LINES[-1].replace("10", "11"), 11),
        (LINES[-1] + " ", 11),
    ],
)
def test_a_line_that_is_none_is_found(line: str, at: int) -> None:
    check = check_export([*LINES[:at], line, *LINES[at + 1 :]])
    assert (check.sound, check.line) == (False, at + 1)


def test_more_lines_after_the_last_and_none_at_all_are_found() -> None:
    assert check_export([*LINES, ""]).problem == "there is more after the last line"
    assert not check_export([]).sound


TEXT = "\n".join(LINES)


@given(at=st.integers(0, len(TEXT) - 1), character=st.characters(codec="utf-8"))
def test_any_character_changed_anywhere_is_found(at: int, character: str) -> None:
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    assert check_export(changed.split("\n")).sound is (changed == TEXT)


@given(at=st.integers(0, len(TEXT)), more=st.text(min_size=1, max_size=5))
def test_anything_inserted_anywhere_is_found(at: int, more: str) -> None:
    changed = TEXT[:at] + more + TEXT[at:]
    assert not check_export(changed.split("\n")).sound or (changed == TEXT + "\n")


@given(st.lists(st.text(max_size=40), max_size=10))
def test_any_text_is_judged_without_an_error(lines: list[str]) -> None:
    assert not check_export(lines).sound


TAMPERINGS = (
    "UPDATE event SET body=replace(body, 'a', 'b') WHERE number=3",
    "UPDATE event SET at='2027-11-23T12:00:00Z' WHERE number=3",
    "UPDATE event SET at='yesterday' WHERE number=3",
    "UPDATE event SET kind='answer' WHERE number=3",
    "UPDATE event SET hash=replace(hash, 'a', 'b') WHERE number=3",
    "UPDATE event SET body='{' WHERE number=3",
    "DELETE FROM event WHERE number=3",
    "DELETE FROM event WHERE number=6",
    "DELETE FROM event",
    "UPDATE event SET number=99 WHERE number=6",
    "UPDATE journey SET head='0'",
    "UPDATE journey SET events=3",
    "UPDATE journey SET started_at='2020-01-01T00:00:00Z'",
    "UPDATE journey SET state='dreaming'",
    "UPDATE journey SET state='window'",
    "UPDATE journey SET window_until='2099-01-01T00:00:00Z'",
)
TWICE_SAID = (
    "UPDATE journey SET name='Other'",
    "UPDATE journey SET place='other/place'",
    "UPDATE journey SET ended=1",
    "UPDATE journey SET state='finished'",
)


@pytest.mark.parametrize("statement", TAMPERINGS)
def test_a_change_inside_the_database_is_noticed_before_anything_is_believed(folder: Path, statement: str) -> None:
    with Journal.open(folder, Realm.REAL) as journal:
        id_ = journal.begin(WIDGET, NOW).id
        for step in "abcde":
            journal.done(id_, Phase.MIGRATE, step, NOW, {"a": "aaaa"})
    database = sqlite3.connect(folder / "journal.sqlite3")
    database.execute("DROP TRIGGER events_stay")
    database.execute("DROP TRIGGER events_keep")
    database.execute(statement)
    database.commit()
    database.close()
    before = (folder / "journal.sqlite3").read_bytes()
    with Journal.open(folder, Realm.REAL) as journal:
        for attempt in (lambda: journal.records(id_), lambda: journal.events(id_), lambda: list(journal.export(id_))):
            with pytest.raises(JournalDamaged) as caught:
                attempt()
            assert "keyless doctor --repair-journal" in caught.value.hint
    assert (folder / "journal.sqlite3").read_bytes() == before


@pytest.mark.parametrize("statement", TWICE_SAID)
def test_a_migration_listed_as_something_else_is_noticed_by_every_command(folder: Path, statement: str) -> None:
    """Otherwise it would not be found any more, and "nothing was begun" would be believed."""
    with Journal.open(folder, Realm.REAL) as journal:
        journal.begin(WIDGET, NOW)
    with closing(sqlite3.connect(folder / "journal.sqlite3", isolation_level=None)) as database:
        database.execute(statement)
    with pytest.raises(JournalDamaged):
        Journal.open(folder, Realm.REAL)


@pytest.mark.parametrize("statement", ["DELETE FROM event", "UPDATE event SET kind='x'"])
def test_events_are_append_only(folder: Path, statement: str) -> None:
    with Journal.open(folder, Realm.REAL) as journal:
        journal.begin(WIDGET, NOW)
    database = sqlite3.connect(folder / "journal.sqlite3")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(statement)
    database.close()


def test_the_state_in_the_list_is_the_one_in_the_history(journal: Journal) -> None:
    id_ = journal.begin(WIDGET, NOW).id
    journal.set_state(id_, JourneyState.WINDOW, NOW)
    assert json.loads(journal.events(id_)[-1].body)["state"] == "window"
