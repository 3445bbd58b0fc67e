"""Remove a secret from its store, or this repository from an organisation secret's list."""

from __future__ import annotations

from dataclasses import dataclass

from keyless.engine import Check, Done, Ready
from keyless.errors import StalePlan, TryLater
from keyless.model.github import StoreKind
from keyless.model.journey import StepRecord
from keyless.model.plan import Phase, Plan, RemoveSecret, UnselectRepository
from keyless.steps.guards import (
    require_backup,
    require_no_namesake,
    require_proof,
    require_still_proven,
    require_unread,
)
from keyless.steps.stores import look_up
from keyless.steps.toolbox import Toolbox

_SHARED = (StoreKind.ORGANISATION, StoreKind.ORGANISATION_DEPENDABOT)


@dataclass(frozen=True, slots=True)
class RemoveSecretPerformer:
    """Deletes only the entry that the plan saw, and only while every guard holds at that very moment."""

    tools: Toolbox

    async def check(self, step: RemoveSecret, record: StepRecord | None) -> Check:
        entry = await look_up(self.tools.github, step.entry.store, step.entry.name)
        if entry is None:
            ours = record is not None
            return Done("gone" if ours else "was gone already", {"absent": True, "ours": ours})
        if (entry.visibility, set(entry.selected)) != (step.entry.visibility, set(step.entry.selected)):
            raise StalePlan(
                f"Other repositories see {entry.name} in {entry.store} now than when the plan was made.",
                hint="Run the same command again with --replan.",
                untouched=f"{entry.name} was not removed.",
            )
        if entry.updated_at != step.entry.updated_at:
            raise StalePlan(
                f"{entry.name} in {entry.store} was changed at {entry.updated_at:%Y-%m-%d %H:%M} UTC, after the plan.",
                hint="If the new value is no PyPI token any more, leave it out; else run again with --replan.",
                untouched=f"{entry.name} was not removed.",
            )
        plan = _migration(self.tools)
        await require_no_namesake(self.tools, plan, entry)
        require_proof(self.tools, plan)
        await require_still_proven(self.tools, plan)
        require_backup(self.tools, plan, entry)
        shared = entry.store.kind in _SHARED
        await require_unread(self.tools, plan.repository, entry, step.accepted, elsewhere=shared)
        return Ready()

    async def act(self, step: RemoveSecret) -> None:
        await self.tools.github.delete_secret(step.entry.store, step.entry.name)

    async def confirm(self, step: RemoveSecret) -> Done:
        if await look_up(self.tools.github, step.entry.store, step.entry.name) is not None:
            raise TryLater(
                f"{step.entry.name} is still listed in {step.entry.store} after its deletion.",
                hint="Run the same command again in a minute.",
            )
        return Done("removed; the store no longer lists it", {"absent": True, "ours": True})


@dataclass(frozen=True, slots=True)
class UnselectRepositoryPerformer:
    """Shrinks the list of an organisation's secret by this repository; the others keep it."""

    tools: Toolbox

    async def check(self, step: UnselectRepository, record: StepRecord | None) -> Check:
        entry = await look_up(self.tools.github, step.entry.store, step.entry.name)
        if entry is None or all(selected.id != step.repository_id for selected in entry.selected):
            return Done("this repository is not on its list", {"absent": True, "ours": record is not None})
        plan = _migration(self.tools)
        require_proof(self.tools, plan)
        await require_still_proven(self.tools, plan)
        await require_unread(self.tools, step.repository, entry, step.accepted, elsewhere=False)
        return Ready()

    async def act(self, step: UnselectRepository) -> None:
        await self.tools.github.unselect(step.entry.store, step.entry.name, step.repository_id)

    async def confirm(self, step: UnselectRepository) -> Done:
        entry = await look_up(self.tools.github, step.entry.store, step.entry.name)
        if entry is not None and any(selected.id == step.repository_id for selected in entry.selected):
            raise TryLater(
                f"{step.repository} is still on the list of {step.entry.name}.",
                hint="Run the same command again in a minute.",
            )
        left = len(entry.selected) if entry is not None else 0
        return Done(f"off its list; {left} other repositories keep it", {"absent": True, "ours": True, "left": left})


def _migration(tools: Toolbox) -> Plan:
    plan = tools.journal.plan(tools.journey, Phase.MIGRATE)
    if plan is None:
        raise StalePlan("The journal holds no plan for this removal.", hint="Run `keyless migrate` again.")
    return plan
