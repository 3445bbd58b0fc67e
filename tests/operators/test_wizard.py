"""The wizard at a simulated terminal: every kind of prompt, every way to stop."""

from __future__ import annotations

import asyncio
import io
import re

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from keyless.errors import OperatorStopped, QuestionUnanswered
from keyless.model.realm import Realm
from keyless.operators.question import Choice, Kind
from keyless.operators.questions import QUESTIONS, question
from keyless.operators.wizard import WizardOperator
from keyless.secret import Secret

ENTER, CTRL_C, CTRL_D, DOWN, SPACE = "\r", "\x03", "\x04", "\x1b[B", " "
ABOUT = {
    "secret": "PYPI_TOKEN",
    "place": "PYPI_TOKEN@repository",
    "project": "shap",
    "repository": "shap/shap",
    "index": "PyPI",
    "step": "release.yml/publish@pypi",
    "backup": "0123456789abcdef",
}


def at_terminal(keys, act, *, realm=Realm.REAL, colour=False):
    """Run `act(wizard)` with `keys` typed beforehand; return its outcome and all that was shown."""
    shown = io.StringIO()
    with create_pipe_input() as typed:
        output = Vt100_Output(shown, lambda: Size(rows=50, columns=200), term="xterm", enable_cpr=False)
        with create_app_session(input=typed, output=output):
            typed.send_text(keys)
            wizard = WizardOperator(realm, colour=colour, terminal=lambda: True)
            return asyncio.run(asyncio.wait_for(act(wizard), 5)), shown.getvalue()


def unwrapped(shown: str) -> str:
    """Return what was shown without styles and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown).split())


def asked(keys, identifier, **more):
    return at_terminal(keys, lambda wizard: wizard.answer(question(identifier), ABOUT, **more))


def test_a_choice_starts_at_the_default_and_enter_takes_it():
    """The careful answer is one key away."""
    answer, _ = asked(ENTER, "grade")
    assert answer == "attested"


def test_the_arrow_moves_to_the_next_choice():
    """Choosing works without typing."""
    answer, _ = asked(DOWN + ENTER, "grade")
    assert answer == "declared"


def test_a_default_handed_in_replaces_the_rows_own():
    """What was answered before, or found in the workflow, is where the cursor starts."""
    answer, _ = asked(ENTER, "delivery", default="local")
    assert answer == "local"


def test_every_question_says_why_it_is_asked_and_where_each_answer_leads():
    """A person never has to guess what an answer means, nor how to say it in a script."""
    _, shown = asked(ENTER, "backup", choices=question("backup").choices)
    shown = unwrapped(shown)
    assert "What shall be kept of PYPI_TOKEN" in shown
    assert "GitHub never shows a secret's value again" in shown
    for choice in question("backup").choices:
        assert f"{choice.value}: {choice.leads_to}" in shown
    assert "--backup" in shown


def test_ticked_boxes_are_the_answer():
    """Space unticks what was preselected."""
    boxes = [Choice("PYPI_TOKEN", "goes"), Choice("TEST_TOKEN", "goes")]
    answer, _ = asked(SPACE + ENTER, "secrets", choices=boxes, default=("PYPI_TOKEN", "TEST_TOKEN"))
    assert answer == ("TEST_TOKEN",)


def test_a_text_is_checked_while_it_is_typed():
    """A wrong number does not get past Enter; corrected it does."""
    answer, _ = asked("99999" + ENTER + "\x15" + "21" + ENTER, "window", default=14)
    assert answer == 21


def test_the_default_text_can_be_taken_with_enter():
    """A suggestion is typed already."""
    assert asked(ENTER, "window")[0] == 14


def test_consent_is_never_preselected():
    """Enter alone does not remove anything."""
    assert asked(ENTER, "confirm-plan")[0] is False
    assert asked("y" + ENTER, "confirm-plan")[0] is True
    assert asked("n" + ENTER, "confirm-plan")[0] is False


def test_a_typed_confirmation_takes_nothing_but_the_text():
    """'yes' does not give up the way back; the project's name does."""
    answer, _ = asked("yes" + ENTER + "\x15" + "shap" + ENTER, "confirm-no-backup")
    assert answer == "shap"


def test_names_are_typed_one_by_one_and_an_empty_line_ends_them():
    """Accepting that something breaks takes typing its name."""
    offered = [Choice("old-ci", "its next run fails"), Choice("legacy", "its next run fails"), Choice("x", "fails")]
    answer, _ = asked("old" + ENTER + "-ci" + ENTER + ENTER, "accept-reference", choices=offered)
    assert answer == ("old-ci",)


def test_names_end_when_all_that_were_offered_are_named():
    """Nobody is asked for more than there is."""
    answer, _ = asked("old-ci" + ENTER, "accept-reference", choices=[Choice("old-ci", "fails")])
    assert answer == ("old-ci",)


def test_no_name_is_an_answer_where_none_is_the_default():
    """Nothing is accepted by pressing Enter."""
    assert asked(ENTER, "accept-reference", choices=[Choice("old-ci", "fails")])[0] == ()


def test_a_name_that_is_needed_cannot_be_left_empty():
    """Without a project there is nothing to prove."""
    answer, _ = asked(ENTER + "shap" + ENTER + ENTER, "project")
    assert answer == ("shap",)


def test_names_handed_in_as_default_are_suggested_one_by_one():
    """What was found is typed already."""
    assert asked(ENTER + ENTER + ENTER, "project", default=("core", "cli"))[0] == ("core", "cli")


def test_a_secret_is_hidden_and_comes_back_in_its_box():
    """S7, R14: a token of real length is typed, and nothing of it is shown."""
    token = "pypi-AgEIcHlwaS5vcmcC" + "Ab3" * 62
    answer, shown = asked(token + ENTER, "token")
    assert answer == Secret(token)
    assert len(token) == 207
    assert not any(token[start : start + 8] in shown for start in range(len(token) - 8))


def test_an_empty_secret_is_asked_for_again():
    """Enter by mistake is no passphrase."""
    answer, _ = asked(ENTER + "s" + ENTER, "unlock-passphrase")
    assert answer == Secret("s")


def test_a_new_passphrase_is_asked_for_twice_until_both_agree():
    """A slip of the fingers must not lock the only backup."""
    keys = "one" + ENTER + "two" + ENTER + "three" + ENTER + "three" + ENTER
    answer, shown = asked(keys, "passphrase")
    assert answer == Secret("three")
    assert "The two are different" in shown


def test_a_passphrase_that_opens_is_asked_for_once():
    """Only making one is worth the second typing."""
    assert asked("one" + ENTER, "unlock-passphrase")[0] == Secret("one")


def test_what_is_not_asked_gets_its_default_without_a_prompt():
    """Rare wishes have a flag and no prompt."""
    answer, shown = asked("", "whole-token")
    assert answer is False
    assert shown == ""


@pytest.mark.parametrize("row", [row for row in QUESTIONS if row.asked], ids=lambda row: row.identifier)
@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
def test_ctrl_c_and_ctrl_d_stop_at_every_question(row, key):
    """R19: exit code 3, and nothing is half done."""
    choices = row.choices or ((Choice("a", "goes"),) if row.kind is Kind.CHOICES else None)
    about = ABOUT | {"grade": "inferred"}
    with pytest.raises(OperatorStopped) as caught:
        at_terminal(key, lambda wizard: wizard.answer(row, about, choices=choices))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
@pytest.mark.parametrize("identifier", ["window", "token", "testpypi-reason"])
def test_stopping_in_the_middle_of_a_text_works_too(identifier, key):
    """R19: what was typed so far does not matter."""
    with pytest.raises(OperatorStopped):
        asked("21" + key, identifier)


def test_without_colours_there_are_none():
    """--no-color holds for prompts too."""
    _, shown = asked(ENTER, "grade")
    assert ";5;" not in shown
    assert "\x1b[0;3" not in shown


def test_ctrl_c_at_the_second_passphrase_stops():
    """R19: also at the prompt within a prompt."""
    with pytest.raises(OperatorStopped):
        asked("one" + ENTER + CTRL_C, "passphrase")


def test_a_pause_ends_with_enter_and_can_be_stopped():
    """A person says when something outside is done, or comes back later."""
    done, shown = at_terminal(ENTER, lambda wizard: wizard.pause("Merge the pull request."))
    assert done is True
    assert "Merge the pull request." in shown
    with pytest.raises(OperatorStopped):
        at_terminal(CTRL_D, lambda wizard: wizard.pause("Merge the pull request."))


def test_a_rehearsal_says_so_at_every_prompt():
    """Nobody takes a rehearsal for the real thing, or the other way round."""
    _, shown = at_terminal(ENTER, lambda w: w.answer(question("grade"), ABOUT), realm=Realm.REHEARSAL)
    assert "REHEARSAL" in shown
    assert "REHEARSAL" not in asked(ENTER, "grade")[1]


@pytest.mark.parametrize("row", [row for row in QUESTIONS if row.asked], ids=lambda row: row.identifier)
def test_without_a_terminal_flag_and_key_are_named(row):
    """Nothing asks when there is no terminal, and nothing hangs."""
    wizard = WizardOperator(Realm.REAL, terminal=lambda: False)
    with pytest.raises(QuestionUnanswered) as caught:
        asyncio.run(wizard.answer(row, ABOUT))
    assert row.flag in caught.value.hint
    assert asyncio.run(wizard.pause("Merge it.")) is False


def test_names_from_the_network_move_no_cursor():
    """A secret, branch or project can be called anything; the terminal only ever sees escapes of it."""
    evil = "\x1b[2J\x1b]0;x\x07\u202e"
    choices = [Choice(evil, evil), Choice("b", "c")]
    about = ABOUT | {"secret": evil}
    _, shown = at_terminal(ENTER, lambda wizard: wizard.answer(question("backup"), about, choices=choices))
    assert "\\x1b[2J" in shown
    assert "\x1b]0;" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown


def test_explanations_are_broken_between_words():
    """Sentences are read, not spelt."""
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", asked(ENTER, "backup", default="token")[1])
    assert all(len(line) <= 120 for line in re.split("[\r\n]+", shown))
    assert question("backup").why in unwrapped(shown)
