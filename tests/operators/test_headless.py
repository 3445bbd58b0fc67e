"""R20: nothing asks without a terminal. An open question ends with exit code 2, and names its flag and its key."""

from __future__ import annotations

import asyncio
import json
import sys
import types

import pytest

from keyless.cli import main
from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.listing import COMMANDS, Entry
from keyless.cli.running import run_async
from keyless.cli.shared import command
from keyless.errors import QuestionUnanswered
from keyless.model.realm import Realm
from keyless.operators.question import Choice, Kind
from keyless.operators.questions import QUESTIONS, question
from keyless.operators.script import ScriptOperator
from keyless.operators.wizard import WizardOperator
from keyless.playbooks.schema import json_schema

ABOUT = {
    "secret": "PYPI_TOKEN",
    "place": "PYPI_TOKEN@repository",
    "project": "shap",
    "repository": "shap/shap",
    "index": "PyPI",
    "step": "release.yml/publish@pypi",
    "backup": "0123456789abcdef",
    "grade": "inferred",
}
NEEDED = [row for row in QUESTIONS if row.default is None or row.explicit]
FITTING = {"confirm-no-backup": "shap", "open-expired": "shap/shap", "confirm-shred": "0123456789abcdef"}


def identifiers(rows):
    return [row.identifier for row in rows]


def an_answer(row) -> str | None:
    """A word that a flag takes; None for a flag that takes none."""
    match row.kind:
        case Kind.CONFIRM:
            return None
        case Kind.YES_NO:
            return "yes" if row.per else None
        case Kind.NUMBER:
            return "7"
        case Kind.CHOICE:
            return row.choices[0].value
        case Kind.SECRET:
            return "env:PATH"
        case _:
            return FITTING.get(row.identifier, "shap")


@pytest.fixture
def ask(monkeypatch):
    """Put a command on the command line that asks one question."""

    def put(row) -> None:
        @command("Ask.")
        @options_for(row)
        def asking(app: App) -> None:
            choices = [Choice("shap", "goes")] if row.kind is Kind.CHOICES else None
            run_async(app.operator().answer(question(row.identifier), ABOUT, choices=choices))

        module = types.ModuleType("asking")
        module.command = asking
        monkeypatch.setitem(sys.modules, "asking", module)
        monkeypatch.setitem(COMMANDS, "ask", Entry("Ask.", "asking"))

    return put


@pytest.mark.parametrize("row", NEEDED, ids=identifiers(NEEDED))
def test_a_question_that_is_open_names_its_flag_and_its_key(ask, capsys, row):
    """Exit code 2, and nobody waits for a person who is not there."""
    ask(row)
    assert main.run(["ask"]) == 2
    said = capsys.readouterr().err
    assert row.flag in said
    assert (f"'{row.key}' in a playbook" in said) == bool(row.phases)  # what one command asks has no playbook
    assert all(choice.value in said for choice in row.choices)
    assert f"'{row.identifier}'" in said


@pytest.mark.parametrize("row", QUESTIONS, ids=identifiers(QUESTIONS))
def test_its_flag_answers_it(ask, capsys, row):
    """What the error names is there, and it is enough."""
    ask(row)
    word = an_answer(row)
    assert main.run(["ask", row.flag] if word is None else ["ask", row.flag, word]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("row", [r for r in QUESTIONS if r.phases], ids=lambda row: row.identifier)
def test_its_key_is_in_the_schema_of_playbooks(row):
    """An editor offers it."""
    assert json.dumps(row.key) in json.dumps(json_schema())


@pytest.mark.parametrize("row", [r for r in NEEDED if r.asked], ids=lambda row: row.identifier)
def test_the_wizard_without_a_terminal_says_the_same_as_a_script(row):
    """One error for both voices."""
    wizard = WizardOperator(Realm.REAL, terminal=lambda: False)
    said = []
    for operator in (wizard, ScriptOperator({}, lambda source: None)):
        with pytest.raises(QuestionUnanswered) as caught:
            asyncio.run(operator.answer(row, ABOUT))
        said.append(str(caught.value))
    assert said[0] == said[1]
