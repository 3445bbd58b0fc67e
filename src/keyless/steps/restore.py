"""Put back what was removed, exactly: name, store, visibility, selected repositories (S4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from keyless.engine import Check, Done, Ready
from keyless.errors import BackupRefused, QuestionUnanswered, TryLater
from keyless.model.backup import KeptSecret
from keyless.model.github import SecretEntry, Visibility
from keyless.model.index import Index
from keyless.model.journey import StepRecord
from keyless.model.plan import BackupChoice, BackupItem, Phase, RestoreSecret, SealBackup, SelectRepository
from keyless.model.token import Life
from keyless.secret import Secret
from keyless.steps.backup import USER_NAME
from keyless.steps.opening import open_backup
from keyless.steps.stores import look_up
from keyless.steps.toolbox import Toolbox
from keyless.vault import Reason, Refusal

_WITHOUT_IT = (Reason.MISSING, Reason.DAMAGED, Reason.EXPIRED)
"""Why a backup may never open again: then a new token is the way back. A wrong key is only tried again."""


@dataclass(frozen=True, slots=True)
class RestoreSecretPerformer:
    """A secret that is there is left alone: somebody may have put a newer value into it."""

    tools: Toolbox

    async def check(self, step: RestoreSecret, record: StepRecord | None) -> Check:
        entry = await look_up(self.tools.github, step.entry.store, step.entry.name)
        if entry is None:
            return Ready()
        return Done("is in its store", {"present": True, "ours": record is not None, "as_before": _same(entry, step)})

    async def act(self, step: RestoreSecret) -> None:
        value = await self._value(step)
        await self.tools.github.put_secret(
            step.entry.store,
            step.entry.name,
            value,
            visibility=step.entry.visibility,
            selected_ids=[selected.id for selected in step.entry.selected],
        )

    async def confirm(self, step: RestoreSecret) -> Done:
        entry = await look_up(self.tools.github, step.entry.store, step.entry.name)
        if entry is None:
            raise TryLater(
                f"{step.entry.name} is not listed in {step.entry.store} yet.",
                hint="Run the same command again in a minute.",
            )
        if not _same(entry, step):
            raise TryLater(
                f"{step.entry.name} is back, but seen by other repositories than before.",
                hint="Run the same command again.",
                untouched="",
            )
        return Done("is back in its store", {"present": True, "ours": True, "as_before": True})

    async def _value(self, step: RestoreSecret) -> Secret:
        item = self._item(step)
        if item is not None and not item.holds_token:
            return Secret(USER_NAME)
        if not step.backup or (item is not None and item.choice is BackupChoice.NONE):
            return await self._another(step, item, "no backup holds its token")
        try:
            header, contents = await open_backup(self.tools, self.tools.backup_file or step.backup)
        except Refusal as refusal:
            if refusal.reason not in _WITHOUT_IT:
                raise
            return await self._instead(step, item, refusal)
        for kept in contents.secrets:
            if kept.entry.store == step.entry.store and kept.entry.name == step.entry.name:
                return await self._of_backup(step, item, kept, header.lease.expires_at)
        return await self._another(step, item, "no backup holds its token")

    async def _of_backup(
        self, step: RestoreSecret, item: BackupItem | None, kept: KeptSecret, until: datetime
    ) -> Secret:
        if kept.token is None:
            return await self._another(step, item, "no backup holds its token")
        if kept.token == Secret(USER_NAME):
            return kept.token
        index = kept.index or Index.PYPI
        if kept.narrowed and self.tools.clock.now() >= until:
            ended = BackupRefused(
                f"The backup holds a copy of the token of {step.entry.name} that {index.label} refuses since "
                f"{until:%Y-%m-%d %H:%M} UTC.",
                hint="Issue a new token on the index.",
                untouched=f"{step.entry.name} was not put back.",
            )
            return await self._instead(step, item, ended)
        probe = await self.tools.indexes[index].probe(kept.token)
        if probe.life is Life.GONE:
            return await self._another(step, item, f"{index.label} does not know the token in the backup any more")
        if probe.life is Life.UNKNOWN:
            self.tools.observer.warning(
                f"Whether {index.label} still accepts the token for {step.entry.name} could not be told: {probe.because}"
            )
        if kept.narrowed:
            self.tools.observer.warning(
                f"{step.entry.name} gets a copy of its token that {index.label} accepts until {until:%Y-%m-%d %H:%M} "
                "UTC. Migrate again before then, or put a new token into it."
            )
        return kept.token

    async def _instead(self, step: RestoreSecret, item: BackupItem | None, refused: BackupRefused) -> Secret:
        """Ask for a new token where the backup cannot help; where nobody can be asked, that is what ends the run."""
        try:
            return await self._another(step, item, refused.what.rstrip("."))
        except QuestionUnanswered as unanswered:
            refused.hint = f"{refused.hint} A new token is given with {unanswered.flag}."
            refused.untouched = f"{step.entry.name} was not put back."
            raise refused from None

    async def _another(self, step: RestoreSecret, item: BackupItem | None, because: str) -> Secret:
        index = (item.index if item is not None else None) or Index.PYPI
        return await self.tools.asks.token_to_restore(step, because, index, item.projects if item is not None else ())

    def _item(self, step: RestoreSecret) -> BackupItem | None:
        """What the migration planned for this secret, the last time; None on a machine that knows of no migration."""
        plan = self.tools.journal.plan(self.tools.journey, Phase.MIGRATE)
        items = [i for s in plan.steps if isinstance(s, SealBackup) for i in s.items] if plan else []
        named = [i for i in items if i.entry.name == step.entry.name and i.entry.store == step.entry.store]
        return named[-1] if named else None


def _same(entry: SecretEntry, step: RestoreSecret) -> bool:
    if entry.visibility is not step.entry.visibility:
        return False
    if entry.visibility is not Visibility.SELECTED:
        return True
    return {selected.id for selected in entry.selected} == {selected.id for selected in step.entry.selected}


@dataclass(frozen=True, slots=True)
class SelectRepositoryPerformer:
    """Puts this repository back on an organisation secret's list."""

    tools: Toolbox

    async def check(self, step: SelectRepository, record: StepRecord | None) -> Check:
        entry = await look_up(self.tools.github, step.entry.store, step.entry.name)
        if entry is None:
            why = "was removed altogether since; another repository's rollback has to bring it back first"
            raise TryLater(
                f"{step.entry.name} of {step.entry.store} {why}.",
                hint="`keyless status` says which repository it was; roll that one back, then run this command again.",
            )
        if any(selected.id == step.repository_id for selected in entry.selected):
            return Done("is on its list", {"present": True})
        return Ready()

    async def act(self, step: SelectRepository) -> None:
        await self.tools.github.select(step.entry.store, step.entry.name, step.repository_id)

    async def confirm(self, step: SelectRepository) -> Done:
        entry = await look_up(self.tools.github, step.entry.store, step.entry.name)
        if entry is None or all(selected.id != step.repository_id for selected in entry.selected):
            raise TryLater(
                f"This repository is not on the list of {step.entry.name} yet.",
                hint="Run the same command again in a minute.",
            )
        return Done("is on its list again", {"present": True, "ours": True})
