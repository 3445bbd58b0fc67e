"""Who answers in a rehearsal that plays by itself: a person of the world who knows its tokens, and says yes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from keyless.errors import UsageError
from keyless.operators.question import Answer, Choice, Kind, Question
from keyless.operators.script import unanswered
from keyless.operators.values import read_answer
from keyless.rehearsal.person import Person
from keyless.rehearsal.world_facts import LoadedWorld, NamedToken
from keyless.secret import Secret


class RehearsalOperator:
    """Answers as the world's maintainer would: tokens from the world, a passphrase of its own, defaults for the rest."""

    interactive = False

    def __init__(self, person: Person, world: LoadedWorld) -> None:
        self._person = person
        self._world = world
        self._passphrase = Secret(secrets.token_urlsafe(16))

    async def answer(
        self,
        question: Question,
        about: Mapping[str, str],
        *,
        default: Answer | None = None,
        choices: Sequence[Choice] | None = None,
    ) -> Answer:
        """Return this person's answer, otherwise the default."""
        told = self._world.told(question.identifier, about)
        if told is not None:
            many = question.kind in (Kind.NAMES, Kind.CHOICES)
            return read_answer(question, list(told) if many else told[0], about, choices)
        own = await self._own(question.identifier, about)
        if own is not None:
            return own
        if question.kind is Kind.CONFIRM:
            return True
        chosen = question.default if default is None else default
        if chosen is None:
            raise unanswered(question, about)
        return chosen

    async def _own(self, identifier: str, about: Mapping[str, str]) -> Answer | None:
        simple: dict[str, Answer] = {"token-is": "shown", "token-revoked": True}
        match identifier:
            case "token":
                return await self._token(about)
            case "passphrase" | "unlock-passphrase":
                return self._passphrase
            case "backup":
                return "token" if self._text(about) else "new-token"
            case _:
                return simple.get(identifier)

    async def pause(self, message: str) -> bool:
        """Nobody waits in a rehearsal that plays by itself."""
        return False

    def _held(self, about: Mapping[str, str]) -> NamedToken | None:
        for held in self._world.secrets:
            if held.name.upper() == about["secret"].upper() and str(held.store) == about["store"] and held.token:
                return self._world.token(held.token)
        return None

    def _text(self, about: Mapping[str, str]) -> Secret | None:
        held = self._held(about)
        return held.text if held else None

    async def _token(self, about: Mapping[str, str]) -> Secret:
        text = self._text(about)
        if text is not None:
            return text
        held = self._held(about)
        if held is None or held.project is None:
            raise UsageError(f"Nobody in this rehearsal has the token of {about['secret']}.")
        return await self._person.new_token_for(held.index, held.project)
