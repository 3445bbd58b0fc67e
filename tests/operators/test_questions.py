"""The table of questions: every row can be asked, flagged, written in a playbook and documented."""

from __future__ import annotations

import string
from itertools import combinations

import pytest

from keyless.model.plan import BackupChoice, Delivery, Origin, Phase
from keyless.model.proof import Grade
from keyless.operators.question import Kind, Question
from keyless.operators.questions import QUESTIONS, question, questions_of
from keyless.operators.values import read_answer


def test_there_are_questions_for_every_phase():
    """An empty table would make every other test here pass."""
    assert len(QUESTIONS) >= 25
    assert all(len(questions_of(phase)) >= 5 for phase in Phase)


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row.identifier)
def test_every_row_has_a_flag_a_key_and_says_why_it_is_asked(row: Question):
    """R20: nothing can be asked that a script could not answer, and nobody is asked without a reason."""
    assert row.flag.startswith("--")
    assert row.flag == row.flag.lower()
    assert row.key
    assert row.asks
    assert row.help.endswith(".")
    assert row.why.endswith(".")


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row.identifier)
def test_a_choice_says_what_each_answer_leads_to(row: Question):
    """A person who chooses has read where it leads."""
    if row.kind is Kind.CHOICE:
        assert len(row.choices) >= 2
    assert all(choice.leads_to for choice in row.choices)


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row.identifier)
def test_a_default_is_itself_an_acceptable_answer(row: Question):
    """A default that would be refused when typed would be a trap."""
    if row.default is not None:
        assert read_answer(row, row.default, {}) == row.default


def test_identifiers_are_unique_and_find_their_row():
    """One table: a name means one row."""
    assert len({row.identifier for row in QUESTIONS}) == len(QUESTIONS)
    assert all(question(row.identifier) is row for row in QUESTIONS)


@pytest.mark.parametrize("phase", list(Phase))
def test_within_a_command_no_flag_and_no_key_means_two_things(phase: Phase):
    """Rows of different commands may share a flag; rows of one may not."""
    for one, other in combinations(questions_of(phase), 2):
        assert one.flag != other.flag
        assert one.key != other.key


@pytest.mark.parametrize(
    ("identifier", "values"),
    [
        ("delivery", {choice.value for choice in Delivery}),
        ("backup", {choice.value for choice in BackupChoice}),
        ("token-is", {choice.value for choice in Origin}),
        ("grade", {grade.value for grade in Grade} - {"none"}),
    ],
)
def test_choices_are_the_values_that_planning_understands(identifier: str, values: set[str]):
    """The table and the model may not drift apart."""
    assert {choice.value for choice in question(identifier).choices} == values


def test_typed_rows_name_the_word_that_has_to_be_typed_and_show_it():
    """Whoever has to type something is told what."""
    for row in QUESTIONS:
        words = {name for _, name, _, _ in string.Formatter().parse(row.asks) if name}
        assert (row.kind is Kind.TYPED) == bool(row.typed)
        if row.typed:
            assert row.typed in words


def test_what_nobody_is_asked_has_a_default_or_is_wanted_by_name():
    """A row that is never prompted for must not stop a wizard."""
    assert all(row.default is not None for row in QUESTIONS if not row.asked)


def test_the_pattern_of_an_environment_is_pypis():
    """PyPI refuses quotes, commas, semicolons and backslashes in an environment's name, and more than 255 characters."""
    row = question("environment")
    assert read_answer(row, "release to PyPI", {}) == "release to PyPI"
    assert read_answer(row, "", {}) == ""
    for wrong in ('a"b', "a'b", "a,b", "a;b", "a\\b", "a`b", "x" * 256):
        with pytest.raises(Exception, match="'environment' has to be"):
            read_answer(row, wrong, {})
