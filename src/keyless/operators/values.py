"""From what was typed, flagged or written in a playbook to an answer. One reading for both voices."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from keyless.errors import UsageError
from keyless.model.text import clean
from keyless.operators.question import Answer, Choice, Kind, Question

_YES: Final = {"yes", "y", "true", "on", "1"}
_NO: Final = {"no", "n", "false", "off", "0"}
SOURCE: Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+|fd:[0-9]{1,4}|stdin")
SOURCES: Final = "env:NAME, file:PATH, fd:N or stdin"


class WrongAnswer(UsageError):
    """An answer is not what its question asks for. Names the flag and the playbook key; never shows a secret."""

    def __init__(self, question: Question, wants: str, *, given: str | None = None) -> None:
        shown = "" if given is None or question.secret else f", not '{clean(given)[:80]}'"
        super().__init__(
            f"The answer to '{question.identifier}' has to be {wants}{shown}.",
            hint=f"Give it with {question.given_with}.",
        )
        self.wants = wants


def read_answer(
    question: Question, raw: object, about: Mapping[str, str], choices: Sequence[Choice] | None = None
) -> Answer:
    """Return `raw` (text from a prompt or flag, a value from a playbook) as an answer, or raise WrongAnswer.

    For a secret the answer is its source as text, checked to be one. `choices` replaces the row's own.
    """
    offered = tuple(choices) if choices is not None else question.choices
    match question.kind:
        case Kind.YES_NO | Kind.CONFIRM:
            return _yes_or_no(question, raw)
        case Kind.NUMBER:
            return _number(question, raw)
        case Kind.NAMES | Kind.CHOICES:
            return _names(question, raw, offered)
        case _:
            return _one_text(question, _text(question, raw), about, offered)


def _one_text(question: Question, text: str, about: Mapping[str, str], offered: Sequence[Choice]) -> str:
    match question.kind:
        case Kind.CHOICE:
            return _choice(question, text, offered)
        case Kind.TYPED:
            return _typed(question, text, about)
        case Kind.SECRET:
            return _source(question, text)
        case _:
            return _free(question, text)


def _yes_or_no(question: Question, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else ""
    if word in _YES | _NO:
        return word in _YES
    raise WrongAnswer(question, "yes or no", given=str(raw))


def _number(question: Question, raw: object) -> int:
    text = str(raw).strip() if isinstance(raw, (int, str)) and not isinstance(raw, bool) else ""
    low, high = question.bounds or (0, 10**9)
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not low <= int(text) <= high:
        raise WrongAnswer(question, f"a whole number from {low} to {high}", given=str(raw))
    return int(text)


def _names(question: Question, raw: object, offered: Sequence[Choice]) -> tuple[str, ...]:
    items = [raw] if isinstance(raw, str) else raw
    if not isinstance(items, (list, tuple)):
        raise WrongAnswer(question, "a list of names", given=str(raw))
    names = tuple(dict.fromkeys(_free(question, _text(question, item)) for item in items))
    if question.kind is Kind.CHOICES and offered:
        return tuple(_choice(question, name, offered) for name in names)
    return names


def _choice(question: Question, text: str, offered: Sequence[Choice]) -> str:
    for choice in offered:
        if choice.value.casefold() == text.casefold():
            return choice.value
    raise WrongAnswer(question, f"one of {', '.join(clean(choice.value) for choice in offered)}", given=text)


def _typed(question: Question, text: str, about: Mapping[str, str]) -> str:
    expected = about[question.typed]
    if text != expected:
        raise WrongAnswer(question, f"exactly '{clean(expected)}'", given=text)
    return text


def _source(question: Question, text: str) -> str:
    if not SOURCE.fullmatch(text):
        raise WrongAnswer(question, f"where to read it from ({SOURCES}), never the secret itself")
    return text


def _free(question: Question, text: str) -> str:
    if not text and not question.may_be_empty:
        raise WrongAnswer(question, "some text")
    if question.pattern and not re.fullmatch(question.pattern, text):
        raise WrongAnswer(question, question.looks_like, given=text)
    return text


def _text(question: Question, raw: object) -> str:
    if not isinstance(raw, str):
        raise WrongAnswer(question, "text (in a playbook: in quotes)", given=str(raw))
    return raw.strip()
