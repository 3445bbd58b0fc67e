"""The operator: whoever answers. Journeys ask, and never know whether a person or a script is behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from keyless.errors import NOTHING, OperatorStopped
from keyless.operators.question import Answer, Choice, Question
from keyless.secret import Secret


class Operator(Protocol):
    """Answers questions."""

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        ...

    async def answer(
        self,
        question: Question,
        about: Mapping[str, str],
        *,
        default: Answer | None = None,
        choices: Sequence[Choice] | None = None,
    ) -> Answer:
        """Return the answer. `about` says what it is about: the words of the row's texts, and the names in its `per`.

        `default` and `choices` replace the row's own. Raises QuestionUnanswered where nobody can be asked, WrongAnswer
        for an answer of the wrong kind, OperatorStopped when the person stops.
        """
        ...

    async def pause(self, message: str) -> bool:
        """Wait until something outside is done. Returns False where nobody can wait: then stop, resumable."""
        ...


async def ask_text(
    operator: Operator,
    question: Question,
    about: Mapping[str, str],
    *,
    default: str | None = None,
    choices: Sequence[Choice] | None = None,
) -> str:
    """Ask for a text, a path, a choice or a typed confirmation."""
    given = await operator.answer(question, about, default=default, choices=choices)
    if not isinstance(given, str):
        raise TypeError(f"{question.identifier} is not a text")
    return given


async def ask_yes(
    operator: Operator, question: Question, about: Mapping[str, str], *, default: bool | None = None
) -> bool:
    """Ask for yes or no."""
    given = await operator.answer(question, about, default=default)
    if not isinstance(given, bool):
        raise TypeError(f"{question.identifier} is not yes or no")
    return given


def not_agreed(
    operator: Operator, question: Question, to: str = "", *, hint: str = "", untouched: str = NOTHING
) -> OperatorStopped:
    """Return the error to raise when nobody said yes `to` something; it tells a script where to say it."""
    if operator.interactive:
        return OperatorStopped(f"You said no{to}.", hint=hint, untouched=untouched)
    return OperatorStopped(f"Nobody said yes{to}.", hint=f"Say it with {question.given_with}.", untouched=untouched)


async def ask_number(
    operator: Operator, question: Question, about: Mapping[str, str], *, default: int | None = None
) -> int:
    """Ask for a whole number."""
    given = await operator.answer(question, about, default=default)
    if not isinstance(given, int) or isinstance(given, bool):
        raise TypeError(f"{question.identifier} is not a number")
    return given


async def ask_names(
    operator: Operator,
    question: Question,
    about: Mapping[str, str],
    *,
    default: tuple[str, ...] | None = None,
    choices: Sequence[Choice] | None = None,
) -> tuple[str, ...]:
    """Ask for several names."""
    given = await operator.answer(question, about, default=default, choices=choices)
    if not isinstance(given, tuple):
        raise TypeError(f"{question.identifier} is not a list")
    return given


async def ask_secret(operator: Operator, question: Question, about: Mapping[str, str]) -> Secret:
    """Ask for a secret."""
    given = await operator.answer(question, about)
    if not isinstance(given, Secret):
        raise TypeError(f"{question.identifier} is not a secret")
    return given
