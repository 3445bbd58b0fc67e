"""What is known in a living world: its people, their accounts and tokens, how its repositories release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyless.errors import UsageError
from keyless.model.codec import Json
from keyless.model.github import Repository
from keyless.model.github import Store as SecretStore
from keyless.model.index import Index
from keyless.rehearsal.releases import Way
from keyless.secret import Secret


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account on one index."""

    index: Index
    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """One person of the world: what they would type."""

    login: str
    name: str
    github_token: Secret | None
    accounts: tuple[Account, ...]

    def account(self, index: Index) -> Account:
        """Return the account on this index. Raises UsageError when there is none."""
        for account in self.accounts:
            if account.index is index:
                return account
        raise UsageError(f"{self.login} has no account on {index.label} in this rehearsal.")


@dataclass(frozen=True, slots=True)
class NamedToken:
    """A token by the name that the world file gives it. `text` is None where nobody has it any more."""

    name: str
    index: Index
    user: str
    project: str | None
    identifier: str
    text: Secret | None


@dataclass(frozen=True, slots=True)
class HeldSecret:
    """A secret on GitHub, and the name of the token inside (None: something else)."""

    store: SecretStore
    name: str
    token: str | None


@dataclass(frozen=True, slots=True)
class Releasing:
    """How a repository releases on an index."""

    repository: Repository
    index: Index
    event: str
    tag: str
    workflow: str | None
    inputs: Mapping[str, str]

    @property
    def way(self) -> Way:
        """The same, for `release`. Inputs that read "true" or "false" are booleans."""
        booleans: dict[str, Json] = {"true": True, "false": False}
        inputs = {name: booleans.get(value, value) for name, value in self.inputs.items()}
        return Way(self.event, self.tag, self.workflow, inputs)


@dataclass(frozen=True, slots=True)
class Told:
    """What the operator says to a question when the rehearsal plays by itself; `about` None: whatever it is about."""

    question: str
    about: str | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadedWorld:
    """What a person in the world knows. `migrate` are the repositories worth migrating, in order."""

    name: str
    title: str
    story: str
    operator: str
    migrate: tuple[Repository, ...]
    repositories: tuple[Repository, ...]
    people: tuple[PersonFacts, ...]
    tokens: tuple[NamedToken, ...]
    secrets: tuple[HeldSecret, ...]
    releasing: tuple[Releasing, ...]
    answers: tuple[Told, ...]

    def told(self, question: str, about: Mapping[str, str]) -> tuple[str, ...] | None:
        """Return what the operator says to a question (one word unless it takes several), or None: as by default."""
        fitting = [one for one in self.answers if one.question == question and one.about in (None, *about.values())]
        return max(fitting, key=lambda one: one.about is not None).words if fitting else None

    def person(self, login: str) -> PersonFacts:
        """Return a person by GitHub login. Raises UsageError."""
        for person in self.people:
            if person.login == login:
                return person
        raise UsageError(f"There is nobody called {login} in this rehearsal.")

    def account_owner(self, index: Index, user: str) -> PersonFacts:
        """Return the person who has this account. Raises UsageError."""
        for person in self.people:
            if any(account.index is index and account.user == user for account in person.accounts):
                return person
        raise UsageError(f"Nobody in this rehearsal has the account {user} on {index.label}.")

    def token(self, name: str) -> NamedToken:
        """Return a token by the world file's name for it. Raises UsageError."""
        for token in self.tokens:
            if token.name == name:
                return token
        raise UsageError(f"There is no token called {name} in this rehearsal.")

    def token_in(self, store: SecretStore, name: str) -> NamedToken | None:
        """Return the token that was put into this secret, as far as the world file says."""
        for held in self.secrets:
            if held.store == store and held.name.upper() == name.upper() and held.token:
                return self.token(held.token)
        return None

    def way(self, repository: Repository, index: Index) -> Way | None:
        """Return how this repository releases on this index, or None where the world does not say."""
        return next(
            (one.way for one in self.releasing if one.repository == repository and one.index is index),
            None,
        )
