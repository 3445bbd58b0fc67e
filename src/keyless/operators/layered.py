"""Answers given beforehand come first; only what they leave open goes to the next operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keyless.operators.base import Operator
from keyless.operators.question import Answer, Choice, Question
from keyless.operators.script import ScriptOperator


class LayeredOperator:
    """Asks `first` (flags) and, where it has no answer, `then` (a playbook's answers, or the wizard)."""

    def __init__(self, first: ScriptOperator, then: Operator) -> None:
        self._first = first
        self._then = then

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return self._then.interactive

    async def answer(
        self,
        question: Question,
        about: Mapping[str, str],
        *,
        default: Answer | None = None,
        choices: Sequence[Choice] | None = None,
    ) -> Answer:
        """Return the first layer's answer, or the next one's."""
        layer: Operator = self._first if self._first.has(question, about) else self._then
        return await layer.answer(question, about, default=default, choices=choices)

    async def pause(self, message: str) -> bool:
        """Leave waiting to the next operator."""
        return await self._then.pause(message)
