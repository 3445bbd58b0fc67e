"""Put back what was removed, exactly: name, store, visibility, selected repositories (S4)."""

from __future__ import annotations

from dataclasses import dataclass

from keyless.engine import Check, Done, Ready
from keyless.errors import BackupRefused, TryLater
from keyless.model.backup import BackupContents, KeptSecret
from keyless.model.github import SecretEntry, Visibility
from keyless.model.index import Index
from keyless.model.journey import StepRecord
from keyless.model.plan import BackupChoice, Phase, RestoreSecret, SealBackup, SelectRepository
from keyless.model.token import Life
from keyless.secret import Secret
from keyless.steps.opening import open_backup
from keyless.steps.stores import look_up
from keyless.steps.toolbox import Toolbox

_USER_NAME = "__token__"
"""What a user-name secret beside a PyPI token has to hold; PyPI accepts nothing else (warehouse, macaroon auth)."""


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
        if not self._was_token(step):
            return Secret(_USER_NAME)
        kept = await self._kept(step)
        if kept is None or kept.token is None:
            return await self.tools.asks.token_to_restore(step, "no backup holds its token")
        index = kept.index or Index.PYPI
        probe = await self.tools.indexes[index].probe(kept.token)
        if probe.life is Life.GONE:
            why = f"{index.label} does not know the token in the backup any more"
            return await self.tools.asks.token_to_restore(step, why)
        if probe.life is Life.UNKNOWN:
            self.tools.observer.warning(
                f"Whether {index.label} still accepts the token for {step.entry.name} could not be told: {probe.because}"
            )
        return kept.token

    def _was_token(self, step: RestoreSecret) -> bool:
        plan = self.tools.journal.plan(self.tools.journey, Phase.MIGRATE)
        items = [i for s in plan.steps if isinstance(s, SealBackup) for i in s.items] if plan else []
        return all(
            i.holds_token for i in items if i.entry.name == step.entry.name and i.entry.store == step.entry.store
        )

    async def _kept(self, step: RestoreSecret) -> KeptSecret | None:
        if not step.backup or self._declined(step):
            return None
        contents = await self._open(step)
        for kept in contents.secrets:
            if kept.entry.store == step.entry.store and kept.entry.name == step.entry.name:
                return kept
        return None

    def _declined(self, step: RestoreSecret) -> bool:
        plan = self.tools.journal.plan(self.tools.journey, Phase.MIGRATE)
        items = [i for s in plan.steps if isinstance(s, SealBackup) for i in s.items] if plan else []
        return any(
            i.choice is BackupChoice.NONE
            for i in items
            if i.entry.name == step.entry.name and i.entry.store == step.entry.store
        )

    async def _open(self, step: RestoreSecret) -> BackupContents:
        where = self.tools.backup_file or step.backup
        header, contents = await open_backup(self.tools, where)
        if contents.subject.repository != header.subject.repository:
            raise BackupRefused(f"The backup {header.id} is for something else.")
        return contents


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
