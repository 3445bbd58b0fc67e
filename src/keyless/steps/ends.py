"""The last steps of each phase: open the rollback window, destroy the backup, close the journey."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from keyless.engine import Check, Done, Ready
from keyless.errors import KeylessError, TryLater
from keyless.model.codec import Json
from keyless.model.journey import JourneyState, StepRecord
from keyless.model.plan import CloseJourney, OpenWindow, ShredBackup
from keyless.model.reading import Found
from keyless.steps.keyring import forget
from keyless.steps.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class OpenWindowPerformer:
    """The window ends with the backup's lease, so that nobody counts on a backup that has expired."""

    tools: Toolbox

    async def check(self, step: OpenWindow, record: StepRecord | None) -> Check:
        return Ready()

    async def act(self, step: OpenWindow) -> None:
        now = self.tools.clock.now()
        leases = [b.expires_at for b in self.tools.journal.backups(self.tools.journey) if b.shredded_at is None]
        until = min(leases, default=now + timedelta(days=step.days))
        self.tools.journal.set_state(self.tools.journey, JourneyState.WINDOW, now, until)

    async def confirm(self, step: OpenWindow) -> Done:
        journey = self.tools.journal.journey(self.tools.journey)
        until = journey.window_until if journey else None
        says = f"rollback is possible until {until:%Y-%m-%d %H:%M} UTC" if until else "open"
        guarded = await self.tools.github.protection(journey.repository) if journey else None
        rules: dict[str, Json] = {}
        if isinstance(guarded, Found):  # what `keyless watch` compares with later; not known is no reason to stop here
            rules = {environment.name.lower(): list(environment.rules) for environment in guarded.value}
        return Done(says, {"days": step.days, "protection": rules})


@dataclass(frozen=True, slots=True)
class ShredBackupPerformer:
    """Runs only behind the revocations of its plan, so the token inside is dead by then (S9)."""

    tools: Toolbox

    async def check(self, step: ShredBackup, record: StepRecord | None) -> Check:
        known = {backup.id: backup for backup in self.tools.journal.backups(self.tools.journey)}
        if step.backup in known and known[step.backup].shredded_at is not None:
            return Done("its keys were destroyed", {"shredded": True})
        return Ready()

    async def act(self, step: ShredBackup) -> None:
        recipients = self._recipients(step.backup)
        self.tools.vault.shred(step.backup)
        self.tools.journal.mark_shredded(step.backup, self.tools.clock.now())
        trouble = forget(self.tools.journal, self.tools.journey, recipients)
        if trouble:
            self.tools.observer.warning(trouble)

    def _recipients(self, backup: str) -> tuple[str, ...]:
        try:
            return self.tools.vault.recipients(backup)
        except KeylessError:
            return ()  # gone or damaged: it is destroyed all the same

    async def confirm(self, step: ShredBackup) -> Done:
        if self.tools.vault.holds(step.backup):
            raise TryLater(f"The file of backup {step.backup} is still there.", untouched="")
        return Done("its keys were destroyed and its file is gone", {"shredded": True})


@dataclass(frozen=True, slots=True)
class CloseJourneyPerformer:
    """Writes the journey's end into the journal."""

    tools: Toolbox

    async def check(self, step: CloseJourney, record: StepRecord | None) -> Check:
        return Ready()

    async def act(self, step: CloseJourney) -> None:
        self.tools.journal.set_state(self.tools.journey, JourneyState(step.outcome), self.tools.clock.now())

    async def confirm(self, step: CloseJourney) -> Done:
        return Done(step.outcome, {"outcome": step.outcome})
