"""Remembers what was answered, so that an interactive run can be saved as a playbook. Never a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keyless.operators.base import Operator
from keyless.operators.question import Answer, Choice, Question
from keyless.operators.script import ANY
from keyless.secret import Secret


class RecordingOperator:
    """Passes every question on and keeps the answers that are no secrets."""

    def __init__(self, inner: Operator) -> None:
        self._inner = inner
        self._answers: dict[str, dict[str, Answer]] = {}
        self._secrets: dict[str, Question] = {}

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return self._inner.interactive

    @property
    def answers(self) -> Mapping[str, Mapping[str, Answer]]:
        """What was answered: by identifier, then by name (empty where there is one answer for all)."""
        return self._answers

    @property
    def secrets(self) -> tuple[Question, ...]:
        """The questions that were answered with a secret."""
        return tuple(self._secrets.values())

    async def answer(
        self,
        question: Question,
        about: Mapping[str, str],
        *,
        default: Answer | None = None,
        choices: Sequence[Choice] | None = None,
    ) -> Answer:
        """Ask, keep and return."""
        given = await self._inner.answer(question, about, default=default, choices=choices)
        if isinstance(given, Secret):
            self._secrets[question.identifier] = question
        else:
            name = next((about[word] for word in question.per if word in about), ANY)
            self._answers.setdefault(question.identifier, {})[name] = given
        return given

    async def pause(self, message: str) -> bool:
        """Pass it on."""
        return await self._inner.pause(message)
