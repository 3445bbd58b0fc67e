"""Reading an answer: the same for a prompt, a flag and a playbook."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.model.plan import Phase
from keyless.operators.question import Choice, Kind, Question
from keyless.operators.questions import QUESTIONS, question
from keyless.operators.values import WrongAnswer, read_answer

TOKEN = "pypi-AgEIcHlwaS5vcmcC" + "A" * 158


def row(kind: Kind, **more) -> Question:
    return Question(identifier="it", kind=kind, asks="It?", help="It.", why="Because.", phases=(Phase.MIGRATE,), **more)


@pytest.mark.parametrize("raw", [True, "yes", "Y", " true ", "on", "1"])
def test_yes_is_read_in_the_usual_spellings(raw):
    """Flags give text, playbooks give booleans."""
    assert read_answer(row(Kind.YES_NO), raw, {}) is True


@pytest.mark.parametrize("raw", [False, "no", "N", "false", "off", "0"])
def test_no_is_read_in_the_usual_spellings(raw):
    """No is not merely the absence of yes."""
    assert read_answer(row(Kind.CONFIRM), raw, {}) is False


@pytest.mark.parametrize("raw", ["", "perhaps", 1, 0, None, [], "yess"])
def test_anything_else_is_neither(raw):
    """A number or an empty text never counts as consent."""
    with pytest.raises(WrongAnswer, match="yes or no"):
        read_answer(row(Kind.CONFIRM), raw, {})


@pytest.mark.parametrize("raw", [1, "1", " 365 ", 365])
def test_a_number_within_its_bounds_is_read(raw):
    """Text from a flag and a whole number from a playbook are the same."""
    assert read_answer(row(Kind.NUMBER, bounds=(1, 365)), raw, {}) == int(raw)


@pytest.mark.parametrize("raw", [0, 366, "-1", "1.5", "", "ten", "٣", 1.0, True, None, "9" * 40, "1_0"])
def test_a_number_out_of_bounds_or_of_another_kind_is_refused(raw):
    """Digits of other scripts, floats and booleans are no numbers of days."""
    with pytest.raises(WrongAnswer, match="a whole number from 1 to 365"):
        read_answer(row(Kind.NUMBER, bounds=(1, 365)), raw, {})


def test_a_choice_ignores_case_and_gives_the_value_as_the_table_spells_it():
    """`--backup None` is what people type."""
    assert read_answer(question("backup"), "NEW-TOKEN", {}) == "new-token"


def test_choices_handed_in_replace_the_rows_own():
    """What is possible depends on what was found."""
    only = [Choice("none", "nothing is kept")]
    assert read_answer(question("backup"), "none", {}, only) == "none"
    with pytest.raises(WrongAnswer, match="one of none"):
        read_answer(question("backup"), "token", {}, only)


def test_ticked_names_have_to_be_among_those_offered():
    """A misspelt secret must not be passed over in silence."""
    offered = [Choice("PYPI_TOKEN", "goes"), Choice("TEST_TOKEN", "goes")]
    assert read_answer(question("secrets"), ["test_token", "PYPI_TOKEN"], {}, offered) == ("TEST_TOKEN", "PYPI_TOKEN")
    with pytest.raises(WrongAnswer, match="one of PYPI_TOKEN, TEST_TOKEN"):
        read_answer(question("secrets"), "PYPI_TOKN", {}, offered)


def test_names_lose_repetitions_and_keep_their_order():
    """The same branch accepted twice is accepted once."""
    assert read_answer(question("accept-reference"), ["b", "a", "b"], {}) == ("b", "a")


def test_what_has_to_be_typed_has_to_be_typed_exactly():
    """Consent to losing the way back takes more than a key press."""
    about = {"project": "Shap", "secret": "PYPI_TOKEN"}
    assert read_answer(question("confirm-no-backup"), "Shap", about) == "Shap"
    for wrong in ("shap", "yes", "", "Shap2"):
        with pytest.raises(WrongAnswer, match="exactly 'Shap'"):
            read_answer(question("confirm-no-backup"), wrong, about)


@pytest.mark.parametrize("source", ["env:TOKEN", "file:a b.txt", "fd:3", "stdin"])
def test_a_secrets_answer_is_its_source(source: str):
    """The value itself is read elsewhere."""
    assert read_answer(question("token"), source, {}) == source


@pytest.mark.parametrize("raw", [TOKEN, f"env:{TOKEN}", f"fd:{TOKEN}", "", "env:", "file:", "fd:x", f"stdin {TOKEN}"])
def test_a_secret_in_place_of_a_source_is_refused_and_not_repeated(raw: str):
    """R14: a token on the command line is not made worse by showing it once more."""
    with pytest.raises(WrongAnswer) as caught:
        read_answer(question("token"), raw, {})
    assert "A" * 20 not in str(caught.value)
    assert "never the secret itself" in str(caught.value)


def test_a_refusal_names_flag_and_key():
    """R20: whoever wrote the script knows where to mend it."""
    with pytest.raises(WrongAnswer) as caught:
        read_answer(question("window"), "soon", {})
    assert "--window" in caught.value.hint
    assert "'window' in a playbook" in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_refusal_shows_control_characters_escaped_and_cut():
    """A wrong answer may come from a file that somebody else wrote."""
    with pytest.raises(WrongAnswer) as caught:
        read_answer(question("window"), "\x1b[2J" + "x" * 500, {})
    assert "\x1b" not in str(caught.value)
    assert len(caught.value.what) < 250


@given(st.sampled_from(QUESTIONS), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_whatever_is_given_is_an_answer_or_a_wrong_answer(asked: Question, raw: object):
    """R10: nothing but the documented error escapes."""
    about = {"project": "p", "repository": "o/r", "backup": "b"}
    try:
        answer = read_answer(asked, raw, about)
    except WrongAnswer:
        return
    assert isinstance(answer, (str, bool, int, tuple))
