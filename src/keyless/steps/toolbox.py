"""What steps work with: the ports, the durable rooms, and somebody to ask for what only a person has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from keyless.journal import Journal
from keyless.model.index import Index
from keyless.model.plan import BackupItem, RestoreSecret
from keyless.model.realm import Addresses
from keyless.observer import Observer
from keyless.secret import Secret
from keyless.services.ports import Clock, GitHub, PackageIndex, Verifier
from keyless.vault import Key, Unlock, Vault


class Asks(Protocol):
    """What a step may ask for while it runs. Each raises QuestionUnanswered when there is nobody and no flag."""

    async def token(self, item: BackupItem) -> Secret:
        """Return the token to keep for this secret."""
        ...

    async def token_again(self, item: BackupItem, because: str) -> Secret | None:
        """Say why a token cannot serve, and return another; None when nobody can be asked."""
        ...

    async def keys(self) -> Sequence[Key]:
        """Return what a new backup is sealed for."""
        ...

    async def unlock(self, recipients: Sequence[str]) -> Unlock:
        """Return what opens a backup that was sealed for `recipients`; asked at most once in a run."""
        ...

    async def open_expired(self) -> bool:
        """Whether the operator insists, by typing the repository's name, on opening a backup after its end."""
        ...

    async def token_to_restore(
        self, step: RestoreSecret, because: str, index: Index, projects: Sequence[str]
    ) -> Secret:
        """Return a token to put back when the backup has none that works."""
        ...

    async def removed_unseen(self, secret: str, because: str) -> bool:
        """Whether the person states, in so many words, that a token nobody can identify was removed."""
        ...


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Everything one run has at hand. `backup_file` is set when a rollback starts from an exported file."""

    journey: str
    addresses: Addresses
    github: GitHub
    indexes: Mapping[Index, PackageIndex]
    verifiers: Mapping[Index, Verifier]
    vault: Vault
    journal: Journal
    clock: Clock
    observer: Observer
    asks: Asks
    backup_file: Path | None = None
