"""A script as operator: answers from flags or a playbook. It never prompts and never waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from keyless.errors import QuestionUnanswered
from keyless.model.index import normalise
from keyless.operators.question import Answer, Choice, Kind, Question, fill
from keyless.operators.values import read_answer
from keyless.secret import Secret

SecretReader: TypeAlias = Callable[[str], Secret]
"""Reads a secret from its source (env:NAME, file:PATH, fd:N, stdin)."""

ANY: Final = ""
"""The name under which an answer stands that is meant for every secret, project or index."""

Given: TypeAlias = Mapping[str, Mapping[str, object]]
"""By identifier of the question, then by name (`ANY` for all of them): what was written, not yet judged."""


class ScriptOperator:
    """Answers from what was given beforehand."""

    interactive = False

    def __init__(self, given: Given, read_secret: SecretReader) -> None:
        self._given = given
        self._read_secret = read_secret
        self._secrets: dict[str, Secret] = {}
        self._used: set[tuple[str, str]] = set()

    def has(self, question: Question, about: Mapping[str, str]) -> bool:
        """Whether there is an answer to this question about this."""
        return self._find(question, about) is not None

    async def answer(
        self,
        question: Question,
        about: Mapping[str, str],
        *,
        default: Answer | None = None,
        choices: Sequence[Choice] | None = None,
    ) -> Answer:
        """Return what was given, or the default unless the row wants to be answered explicitly."""
        name = self._find(question, about)
        if name is not None:
            self._used.add((question.identifier, name))
            return self._read(question, self._given[question.identifier][name], about, choices)
        fallback = question.default if default is None else default
        if fallback is None or question.explicit:
            raise unanswered(question, about)
        return fallback

    async def pause(self, message: str) -> bool:
        """Return False: a script cannot wait for a person."""
        return False

    def unused(self) -> tuple[tuple[str, str], ...]:
        """Return (identifier, name) of named answers that nothing asked for: a name that may be misspelt."""
        every = ((identifier, name) for identifier, names in self._given.items() for name in names if name != ANY)
        return tuple(pair for pair in every if pair not in self._used)

    def _read(
        self, question: Question, raw: object, about: Mapping[str, str], choices: Sequence[Choice] | None
    ) -> Answer:
        value = read_answer(question, raw, about, choices)
        if question.kind is not Kind.SECRET or not isinstance(value, str):
            return value
        if value not in self._secrets:  # standard input and descriptors can be read only once
            self._secrets[value] = self._read_secret(value)
        return self._secrets[value]

    def _find(self, question: Question, about: Mapping[str, str]) -> str | None:
        names = self._given.get(question.identifier, {})
        for word in question.per:
            wanted = about.get(word)
            for name in names:
                if wanted is not None and name != ANY and _same(word, name, wanted):
                    return name
        return ANY if ANY in names else None


def unanswered(question: Question, about: Mapping[str, str]) -> QuestionUnanswered:
    """Return the error that names the flag and the playbook key of an open question."""
    name = next((about[word] for word in reversed(question.per) if word in about), None)
    asks = fill(question.asks, about)
    which = fill("{name}", {"name": name}) if name else ""
    return QuestionUnanswered(
        question.identifier,
        asks=asks if which in asks else f"{asks} (for {which})",
        flag=question.flag,
        key=question.key,
        given_with=question.given_with,
    )


def _same(word: str, name: str, wanted: str) -> bool:
    if word == "project":
        return normalise(name) == normalise(wanted)
    return name.casefold() == wanted.casefold()
