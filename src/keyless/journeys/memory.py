"""Questions are asked once: what was answered is in the journal, so a run can stop at any of them and go on later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keyless.journal import Journal
from keyless.model.codec import Json
from keyless.operators.base import Operator
from keyless.operators.question import Answer, Choice, Kind, Question
from keyless.operators.script import ScriptOperator
from keyless.secret import Secret
from keyless.services.ports import Clock

_ASKED_EACH_TIME = (Kind.CONFIRM, Kind.SECRET)


class RememberingOperator:
    """Flags and playbook first, then what the journal remembers of this journey, then whoever can be asked.

    Without a journey (a dry run) nothing is remembered and nothing is written.
    """

    def __init__(
        self,
        given: Sequence[ScriptOperator],
        last: Operator,
        journal: Journal | None,
        journey: str | None,
        clock: Clock,
    ) -> None:
        self._given = tuple(given)
        self._last = last
        self._journal = journal if journey else None
        self._journey = journey or ""
        self._clock = clock

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return self._last.interactive

    async def answer(
        self,
        question: Question,
        about: Mapping[str, str],
        *,
        default: Answer | None = None,
        choices: Sequence[Choice] | None = None,
    ) -> Answer:
        """Return the answer, and remember it unless it is a secret."""
        key = _key(question, about)
        for script in self._given:
            if script.has(question, about):
                return self._keep(key, await script.answer(question, about, default=default, choices=choices))
        remembered = self._recall(question, key)
        if remembered is not None:
            return remembered
        return self._keep(key, await self._last.answer(question, about, default=default, choices=choices))

    async def pause(self, message: str) -> bool:
        """Leave waiting to whoever can be asked."""
        return await self._last.pause(message)

    def _recall(self, question: Question, key: str) -> Answer | None:
        if self._journal is None or question.kind in _ASKED_EACH_TIME:
            return None
        match self._journal.answers(self._journey).get(key):
            case bool() | int() | str() as plain:
                return plain
            case list() as items:
                return tuple(str(item) for item in items)
            case _:
                return None

    def _keep(self, key: str, given: Answer) -> Answer:
        if self._journal is not None and not isinstance(given, Secret):
            value: Json = list(given) if isinstance(given, tuple) else given
            self._journal.answer(self._journey, key, value, self._clock.now())
        return given


def _key(question: Question, about: Mapping[str, str]) -> str:
    name = next((about[word] for word in question.per if word in about), "")
    return f"{question.identifier}:{name}" if name else question.identifier
