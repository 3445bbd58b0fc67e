"""Everything that a journey works at: the ports, the durable rooms and whoever answers. Made by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from keyless.engine import Outside, Run
from keyless.journal import Journal, Lock
from keyless.journeys.asks import OperatorAsks
from keyless.journeys.memory import RememberingOperator
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import Plan
from keyless.model.realm import Addresses
from keyless.observer import Observer
from keyless.operators.base import Operator
from keyless.operators.question import Question
from keyless.operators.script import ScriptOperator
from keyless.services.ports import Clock, GitHub, PackageIndex, Verifier
from keyless.steps.registry import performers
from keyless.steps.titles import title
from keyless.steps.toolbox import Toolbox
from keyless.vault import Vault


@dataclass(frozen=True, slots=True)
class Desk:
    """`given` answers before anybody is asked (flags, then a playbook); `last` is the wizard, or a script with defaults.

    `holder` is how a lock names this process to others. `state` is the folder of journal, backups, locks and receipts.
    """

    addresses: Addresses
    github: GitHub
    indexes: Mapping[Index, PackageIndex]
    verifiers: Mapping[Index, Verifier]
    vault: Vault
    journal: Journal
    clock: Clock
    observer: Observer
    given: Sequence[ScriptOperator]
    last: Operator
    outside: Outside
    state: Path
    holder: str
    wrap: Callable[[Operator], Operator] = field(default=lambda operator: operator)
    """Put around the operator of each journey, for instance to record the answers for a playbook."""

    def operator(self, journey: str | None) -> Operator:
        """Return who answers for this journey; None is a dry run that remembers nothing."""
        return self.wrap(RememberingOperator(self.given, self.last, self.journal, journey, self.clock))

    def lock(self, repository: Repository) -> AbstractContextManager[object]:
        """Return the lock of this repository; another run that holds it is named in the error."""
        return Lock(self.state / "locks", f"{repository.owner}--{repository.name}".lower(), self.holder)

    def tools(self, journey: str, repository: Repository, backup_file: Path | None = None) -> Toolbox:
        """Return what steps work with."""
        asks = OperatorAsks(self.operator(journey), self.addresses, self.observer, repository, self._stands_ready)
        return Toolbox(
            journey=journey,
            addresses=self.addresses,
            github=self.github,
            indexes=self.indexes,
            verifiers=self.verifiers,
            vault=self.vault,
            journal=self.journal,
            clock=self.clock,
            observer=self.observer,
            asks=asks,
            backup_file=backup_file,
        )

    def _stands_ready(self, asked: Question) -> bool:
        return any(script.has(asked, {}) for script in self.given)

    async def run(self, journey: str, plan: Plan, tools: Toolbox) -> None:
        """Do what is left of `plan`."""
        await Run(
            journey=journey,
            plan=plan,
            journal=self.journal,
            performers=performers(tools, self.outside),
            outside=self.outside,
            observer=self.observer,
            clock=self.clock,
            title=title,
        ).go()
