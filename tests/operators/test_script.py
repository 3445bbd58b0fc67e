"""A script answers from what was given, never prompts, and names the flag and key of what is open."""

from __future__ import annotations

import asyncio

import pytest

from keyless.errors import QuestionUnanswered
from keyless.operators.base import ask_names, ask_number, ask_secret, ask_text, ask_yes
from keyless.operators.layered import LayeredOperator
from keyless.operators.question import Kind
from keyless.operators.questions import QUESTIONS, question
from keyless.operators.record import RecordingOperator
from keyless.operators.script import ANY, ScriptOperator
from keyless.operators.values import WrongAnswer
from keyless.secret import Secret


def no_source(source: str) -> Secret:
    raise AssertionError(f"{source} was read")


def script(given=None, read=no_source) -> ScriptOperator:
    return ScriptOperator(given or {}, read)


def ask(operator, identifier, about=None, **more):
    return asyncio.run(operator.answer(question(identifier), about or {}, **more))


PYPI = {"secret": "PYPI_TOKEN", "place": "PYPI_TOKEN@repository", "project": "shap"}
ENVIRONMENT = {"secret": "PYPI_TOKEN", "place": "PYPI_TOKEN@environment:release", "project": "shap"}


@pytest.mark.parametrize("row", [row for row in QUESTIONS if row.default is None], ids=lambda row: row.identifier)
def test_an_open_question_names_its_flag_and_its_key(row):
    """R20: every question without a default, asked of a script that has no answer."""
    with pytest.raises(QuestionUnanswered) as caught:
        ask(script(), row.identifier, PYPI)
    assert caught.value.exit_code == 2
    assert row.flag in caught.value.hint
    assert (f"'{row.key}'" in caught.value.hint) == bool(row.phases)


def test_a_default_answers_where_nothing_was_given():
    """The documented default counts without a terminal too."""
    assert ask(script(), "window") == 14
    assert ask(script(), "window", default=30) == 30


def test_a_question_that_wants_an_explicit_answer_takes_no_default():
    """What to keep of a token is never decided by silence."""
    with pytest.raises(QuestionUnanswered):
        ask(script(), "backup", PYPI, default="token")


def test_the_most_exact_name_wins():
    """A secret in a certain store, then a secret of that name anywhere, then what is said for all."""
    given = {"backup": {ANY: "none", "PYPI_TOKEN": "new-token", "PYPI_TOKEN@environment:release": "token"}}
    assert ask(script(given), "backup", ENVIRONMENT) == "token"
    assert ask(script(given), "backup", PYPI) == "new-token"
    assert ask(script(given), "backup", {"secret": "OTHER"}) == "none"


def test_names_compare_as_github_compares_them():
    """GitHub writes secrets in capitals, whatever was typed."""
    assert ask(script({"backup": {"pypi_token": "none"}}), "backup", PYPI) == "none"


def test_an_answer_for_another_secret_is_no_answer():
    """One secret's answer is not carried over to the next."""
    with pytest.raises(QuestionUnanswered, match="TEST_TOKEN"):
        ask(script({"backup": {"PYPI_TOKEN": "none"}}), "backup", {"secret": "TEST_TOKEN"})


def test_a_misspelt_name_is_found_afterwards():
    """An answer for a secret that nothing asked about may be a slip of the pen."""
    operator = script({"backup": {"PYPI_TOKN": "none", "PYPI_TOKEN": "none"}, "window": {ANY: 3}})
    ask(operator, "backup", PYPI)
    assert operator.unused() == (("backup", "PYPI_TOKN"),)


def test_a_wrong_answer_is_refused_when_it_is_needed():
    """A value that came past the flag's own check is still judged."""
    with pytest.raises(WrongAnswer):
        ask(script({"confirm-no-backup": {ANY: "yes"}}), "confirm-no-backup", PYPI)


def test_a_secret_is_read_once_from_its_source():
    """Standard input cannot be read twice, and one token may serve two secrets."""
    read: list[str] = []

    def source(name: str) -> Secret:
        read.append(name)
        return Secret("pypi-" + "A" * 174)

    operator = script({"token": {ANY: "stdin"}}, source)
    first, second = ask(operator, "token", PYPI), ask(operator, "token", ENVIRONMENT)
    assert isinstance(first, Secret)
    assert first == second
    assert read == ["stdin"]


def test_a_script_never_waits_for_a_person():
    """Stop here, resumable, is the only answer to 'is it done?'."""
    assert asyncio.run(script().pause("Merge it.")) is False
    assert not script().interactive


def test_the_typed_helpers_return_what_they_say():
    """Each helper gives its own type."""
    operator = script(
        {
            "grade-reason": {ANY: "small"},
            "confirm-plan": {ANY: True},
            "window": {ANY: 3},
            "recipients": {ANY: ("a",)},
            "token": {ANY: "stdin"},
        },
        lambda _: Secret("x" * 179),
    )

    async def all_of_them():
        return (
            await ask_text(operator, question("grade-reason"), {}),
            await ask_yes(operator, question("confirm-plan"), {}),
            await ask_number(operator, question("window"), {}),
            await ask_names(operator, question("recipients"), {}),
            await ask_secret(operator, question("token"), {}),
        )

    text, yes, number, names, secret = asyncio.run(all_of_them())
    assert (text, yes, number, names) == ("small", True, 3, ("a",))
    assert secret == Secret("x" * 179)


@pytest.mark.parametrize("helper", [ask_text, ask_yes, ask_number, ask_names, ask_secret])
def test_a_helper_for_another_type_is_a_mistake_in_the_program(helper):
    """A mismatch between row and helper is found at once, not carried on as a wrong type."""
    wrong = {
        ask_text: "window",
        ask_yes: "window",
        ask_number: "confirm-plan",
        ask_names: "window",
        ask_secret: "window",
    }
    operator = script({"window": {ANY: 3}, "confirm-plan": {ANY: True}})
    with pytest.raises(TypeError):
        asyncio.run(helper(operator, question(wrong[helper]), {}))


class Person:
    """Answers everything with 'none' and can be asked."""

    interactive = True
    asked = 0

    async def answer(self, question, about, *, default=None, choices=None):
        self.asked += 1
        return Secret("s" * 179) if question.kind is Kind.SECRET else "none"

    async def pause(self, message):
        return True


def test_flags_pre_empt_the_person():
    """What a flag answers is not asked again."""
    person = Person()
    operator = LayeredOperator(script({"backup": {"PYPI_TOKEN": "token"}}), person)
    assert ask(operator, "backup", PYPI) == "token"
    assert person.asked == 0
    assert ask(operator, "backup", {"secret": "OTHER"}) == "none"
    assert person.asked == 1
    assert operator.interactive
    assert asyncio.run(operator.pause("wait")) is True


def test_a_recording_keeps_answers_by_their_most_exact_name_and_never_a_secret():
    """R14, S7: what --save-playbook writes comes from here."""
    operator = RecordingOperator(Person())
    ask(operator, "backup", PYPI)
    ask(operator, "delivery")
    ask(operator, "token", PYPI)
    assert operator.answers == {"backup": {"PYPI_TOKEN@repository": "none"}, "delivery": {ANY: "none"}}
    assert operator.secrets == (question("token"),)
    assert operator.interactive
    assert asyncio.run(operator.pause("wait")) is True
