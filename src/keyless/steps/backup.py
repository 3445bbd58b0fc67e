"""Take the tokens, see what they are, narrow them, seal them, and have the backup opened again from disk (S1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import keyless
from keyless import tokens
from keyless.engine import Check, Done, Ready
from keyless.errors import UsageError
from keyless.model.backup import BackupContents, BackupSubject, KeptSecret, KeptWorkflow, Lease
from keyless.model.codec import Json
from keyless.model.index import Index
from keyless.model.journey import BackupRecord, StepRecord
from keyless.model.plan import BackupChoice, BackupItem, ChangeWorkflow, Phase, SealBackup
from keyless.model.token import Concern, Life, Probe, TokenCard
from keyless.planning.finish import item_key
from keyless.secret import Secret
from keyless.steps.toolbox import Toolbox
from keyless.steps.trying import refused

USER_NAME = "__token__"
"""What a user-name secret beside a PyPI token has to hold; PyPI accepts nothing else (warehouse, macaroon auth)."""
SKEW = timedelta(hours=1)
"""How far a clock may be ahead of the index's before a narrowed copy would be refused as not yet valid."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A token that passed: the text that will be kept, its card and what the probe said."""

    kept: Secret
    narrowed: bool
    card: TokenCard
    probe: Probe


@dataclass(slots=True)
class SealBackupPerformer:
    """Nothing of a token is remembered between the steps of a run but what the vault holds."""

    tools: Toolbox
    _evidence: dict[str, Json] | None = None

    async def check(self, step: SealBackup, record: StepRecord | None) -> Check:
        return Ready()

    async def act(self, step: SealBackup) -> None:
        now = self.tools.clock.now()
        lease = Lease(now, now + timedelta(days=step.window_days))
        taken: dict[str, Taken] = {}
        for item in step.items:
            if item.holds_token and item.choice is not BackupChoice.NONE:
                taken[item_key(item)] = await self._take(item, lease)
        cards: dict[str, Json] = {item_key(item): _card(item, taken.get(item_key(item))) for item in step.items}
        if not taken:
            self.tools.observer.warning("No backup is kept: this was declined in so many words.")
            self._evidence = {"declined": True, "cards": cards}
            return
        header = self.tools.vault.seal(self._contents(step, taken), lease, await self.tools.asks.keys())
        self.tools.journal.add_backup(
            BackupRecord(
                id=header.id,
                journey=self.tools.journey,
                path=str(self.tools.vault.path(header.id)),
                sha256=self.tools.vault.digest(header.id),
                expires_at=lease.expires_at,
                shredded_at=None,
            )
        )
        self._evidence = {"backup": header.id, "expires_at": lease.expires_at.isoformat(), "cards": cards}

    async def confirm(self, step: SealBackup) -> Done:
        evidence = self._evidence or {}
        if "declined" in evidence:
            return Done("no backup, as you chose", evidence)
        return Done(f"backup {evidence.get('backup')} was read again from disk and opened", evidence)

    async def _take(self, item: BackupItem, lease: Lease) -> Taken:
        token: Secret | None = await self.tools.asks.token(item)
        while token is not None:
            card, probe, problem = await self._examine(token, item)
            if problem is None:
                taken = Taken(*_copy(token, item, lease), card, probe)
                index = item.index or card.index or Index.PYPI
                problem = await refused(self.tools.indexes, self.tools.observer, taken.kept, index, item.projects)
                if problem is None:
                    return taken
            token = await self.tools.asks.token_again(item, f"{problem.message} {problem.advice}")
            if token is None:
                raise UsageError(
                    f"The token given for {item.entry.name} cannot serve as its backup: {problem.message}",
                    hint=problem.advice,
                    untouched="No secret was removed and nothing was stored.",
                )
        raise UsageError(f"No token was given for {item.entry.name}.")

    async def _examine(self, token: Secret, item: BackupItem) -> tuple[TokenCard, Probe, Concern | None]:
        card = tokens.read(token)
        expected = item.index or card.index or Index.PYPI
        self.tools.observer.note(f"  {item.entry.name}: {_identity(card)}")
        now = self.tools.clock.now()
        for concern in tokens.concerns(card, index=expected, projects=item.projects, now=now):
            if concern.fatal:
                return card, Probe(Life.UNKNOWN, now, "not asked"), concern
            self.tools.observer.warning(f"{item.entry.name}: {concern.message} {concern.advice}")
        probe = await self.tools.indexes[expected].probe(token)
        if probe.life is Life.GONE:
            dead = f"{expected.label} does not know this token any more: it was deleted."
            return card, probe, Concern("dead", fatal=True, message=dead, advice=_another(item.entry.name))
        if probe.life is Life.UNKNOWN:
            self.tools.observer.warning(
                f"Whether {item.entry.name}'s token is alive could not be told: {probe.because}"
            )
        return card, probe, None

    def _contents(self, step: SealBackup, taken: dict[str, Taken]) -> BackupContents:
        projects = tuple(dict.fromkeys(project for item in step.items for project in item.projects))
        names = tuple(item.entry.name for item in step.items)
        subject = BackupSubject(
            realm=self.tools.addresses.realm.value,
            repository=step.repository,
            journey=self.tools.journey,
            projects=projects,
            secrets=names,
        )
        kept = tuple(_kept(item, taken.get(item_key(item))) for item in step.items)
        return BackupContents(subject, kept, self._workflow(), keyless.__version__)

    def _workflow(self) -> KeptWorkflow | None:
        plan = self.tools.journal.plan(self.tools.journey, Phase.MIGRATE)
        change = next((step for step in plan.steps if isinstance(step, ChangeWorkflow)), None) if plan else None
        if change is None:
            return None
        landed = None
        for record in self.tools.journal.records(self.tools.journey, Phase.MIGRATE):
            if record.step == change.id and isinstance(record.evidence, dict):
                commit = record.evidence.get("commit")
                landed = commit if isinstance(commit, str) else None
        changes = tuple(replace(c, hunks=()) for c in change.changes)
        return KeptWorkflow(changes, change.base, change.head, landed)


def _copy(token: Secret, item: BackupItem, lease: Lease) -> tuple[Secret, bool]:
    """Return what is kept of a token, and whether that is a copy which ends with the lease."""
    if not item.narrowed or not item.projects:
        return token, False
    begins = lease.issued_at - SKEW
    return tokens.narrow(token, projects=item.projects, not_before=begins, expires_at=lease.expires_at), True


def _another(name: str) -> str:
    """Return the two ways on. The plan says that a token is backed up, so that "none" needs another plan."""
    return f"Give the token that is in the secret now, or run it again with `--replan --backup {name}=none`."


def _identity(card: TokenCard) -> str:
    """Say in a line what the token is by its own text, to be compared with the index's account page."""
    scope = ", ".join(card.projects) if card.projects else f"scope '{card.scope.value}'"
    until = f", expires {card.expires_at:%Y-%m-%d}" if card.expires_at else ""
    index = card.index.label if card.index else "an unknown index"
    return f"token {card.identifier} of {index}, for {scope}{until}, {card.length} characters"


def _card(item: BackupItem, taken: Taken | None) -> dict[str, Json]:
    card: dict[str, Json] = {"secret": item.entry.name, "choice": item.choice.value, "origin": item.origin.value}
    if taken is not None:
        card |= {
            "identifier": taken.card.identifier,
            "index": taken.card.index.value if taken.card.index else None,
            "scope": taken.card.scope.value,
            "projects": list(taken.card.projects) if taken.card.projects is not None else None,
            "length": taken.card.length,
            "narrowed": taken.narrowed,
            "life": taken.probe.life.value,
        }
    return card


def _kept(item: BackupItem, taken: Taken | None) -> KeptSecret:
    return KeptSecret(
        entry=item.entry,
        # A user name beside a token is no secret: kept as it is, so that a file alone can put it back.
        token=taken.kept if taken else None if item.holds_token else Secret(USER_NAME),
        narrowed=taken.narrowed if taken else False,
        origin=item.origin.value,
        index=taken.card.index if taken else item.index,
        token_identifier=taken.card.identifier if taken else None,
    )
