"""Flags that answer questions: one for each row, and wrong values refused before anything begins."""

from __future__ import annotations

import click
import pytest

from keyless.cli.answering import derive_options, metavar, options_for
from keyless.cli.app import App
from keyless.errors import UsageError
from keyless.model.plan import Phase
from keyless.operators.question import Kind
from keyless.operators.questions import QUESTIONS, question, questions_of
from keyless.operators.script import ANY
from keyless.operators.values import WrongAnswer


def given(*arguments: str, phase: Phase = Phase.MIGRATE):
    """Parse `arguments` as a command of this phase would; return the answers."""

    @click.command()
    @derive_options(phase)
    def made() -> None:
        pass

    app = App()
    made.main(list(arguments), standalone_mode=False, obj=app)
    return app.given


@pytest.mark.parametrize("phase", list(Phase))
def test_every_question_of_a_phase_has_its_option_with_its_help(phase: Phase):
    """R20: whatever the wizard asks, a flag answers."""

    @click.command()
    @derive_options(phase)
    def made() -> None:
        pass

    by_flag = {option.opts[0]: option for option in made.params}
    for row in questions_of(phase):
        assert (by_flag[row.flag].help or "").startswith(row.help)
    assert [option.opts[0] for option in made.params] == [row.flag for row in questions_of(phase)]


def test_a_single_row_can_be_an_option_of_any_command():
    """`backup shred` asks one thing only."""

    @click.command()
    @options_for(question("confirm-shred"))
    def made() -> None:
        pass

    app = App()
    made.main(["--confirm-shred", "abc"], standalone_mode=False, obj=app)
    assert app.given == {"confirm-shred": {ANY: "abc"}}


def test_nothing_given_is_nothing_answered():
    """Defaults come from the table, later, and not from click."""
    assert given() == {}


def test_a_value_is_for_all_and_a_named_value_for_one():
    """VALUE or NAME=VALUE."""
    answers = given("--backup", "none", "--backup", "PYPI_TOKEN@environment:release=token", "--environment", "pypi=")
    assert answers["backup"] == {ANY: "none", "PYPI_TOKEN@environment:release": "token"}
    assert answers["environment"] == {"pypi": ""}


def test_lists_grow_with_each_flag():
    """One flag a name."""
    answers = given(
        "--secret", "A", "--secret", "B", "--project", "pypi=a", "--project", "pypi=b", "--recipient", "r=s"
    )
    assert answers["secrets"] == {ANY: ("A", "B")}
    assert answers["project"] == {"pypi": ("a", "b")}
    assert answers["recipients"] == {ANY: ("r=s",)}


def test_switches_and_numbers():
    """--yes, --whole-token, --no-whole-token, --window."""
    assert given("--yes", "--whole-token", "--window", "3") == {
        "confirm-plan": {ANY: True},
        "whole-token": {ANY: True},
        "window": {ANY: "3"},
    }
    assert given("--no-whole-token") == {"whole-token": {ANY: False}}
    assert given("--token-revoked", "A=yes", phase=Phase.FINISH) == {"token-revoked": {"A": "yes"}}


@pytest.mark.parametrize(
    ("written", "name", "source"),
    [
        ("env:TOKEN", ANY, "env:TOKEN"),
        ("PYPI_TOKEN=env:TOKEN", "PYPI_TOKEN", "env:TOKEN"),
        ("file:a=b", ANY, "file:a=b"),
        ("PYPI_TOKEN=file:a=b", "PYPI_TOKEN", "file:a=b"),
        ("PYPI_TOKEN@environment:release=fd:3", "PYPI_TOKEN@environment:release", "fd:3"),
    ],
)
def test_sources_of_secrets_may_hold_an_equals_sign(written: str, name: str, source: str):
    """A path is a path."""
    assert given("--token-from", written) == {"token": {name: source}}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--window", "soon"),
        ("--delivery", "carrier-pigeon"),
        ("--backup", "PYPI_TOKEN=maybe"),
        ("--token-from", "pypi-AgEIcHlwaS5vcmcC" + "A" * 186),
        ("--environment", "pypi=a,b"),
        ("--project", "not a name"),
    ],
)
def test_a_wrong_value_is_refused_at_once_and_names_the_flag(arguments):
    """Not after ten minutes of surveying."""
    with pytest.raises(WrongAnswer) as caught:
        given(*arguments)
    assert arguments[0] in caught.value.hint


def test_two_answers_for_the_same_name_are_refused():
    """Which one was meant cannot be told."""
    with pytest.raises(UsageError, match="--backup is given twice for A"):
        given("--backup", "A=none", "--backup", "A=token")
    with pytest.raises(UsageError, match="--backup is given twice\\."):
        given("--backup", "none", "--backup", "token")


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row.identifier)
def test_help_says_what_kind_of_value_a_flag_takes(row):
    """And that a secret's flag takes a source."""
    shown = metavar(row)
    assert shown.startswith("[NAME=]") == bool(row.per)
    assert ("SOURCE" in shown) == (row.kind is Kind.SECRET)
    assert all(choice.value in shown for choice in row.choices)
