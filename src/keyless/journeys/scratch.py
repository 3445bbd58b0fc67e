"""rollback --rehearse: prove the way back on a scratch secret in the very stores that a rollback would write to."""

from __future__ import annotations

import secrets

from keyless.errors import NotAllowed, UsageError
from keyless.journeys.desk import Desk
from keyless.model.github import Repository, Store, Visibility
from keyless.model.journey import Journey
from keyless.model.plan import Phase, RemoveSecret
from keyless.secret import Secret
from keyless.steps.opening import open_backup
from keyless.steps.stores import look_up

NAME = "KEYLESS_SCRATCH"
"""The scratch secret's name; what follows it is random, so that it never meets a secret of somebody's."""


async def rehearse_rollback(desk: Desk, repository: Repository) -> None:
    """Open the backup, put a scratch secret into each store concerned, see it there, and take it out again.

    Raises whatever a real rollback would have met. Nothing that existed before is touched.
    """
    with desk.lock(repository):
        journey = desk.journal.newest(repository)
        if journey is None or journey.state.ended:
            raise UsageError(
                f"There is no open migration of {repository} whose way back could be tried.",
                hint="`keyless status` lists those that there are.",
            )
        await _open_backup(desk, journey)
        for store, visibility in _stores(desk, journey):
            await _there_and_back(desk, store, visibility)
    desk.observer.note("The way back is open: the backup opens, and every store takes a secret and gives it up again.")


async def _open_backup(desk: Desk, journey: Journey) -> None:
    kept = [backup for backup in desk.journal.backups(journey.id) if backup.shredded_at is None]
    if not kept:
        desk.observer.warning("There is no backup; a rollback would ask for a new token.")
        return
    _, contents = await open_backup(desk.tools(journey.id, journey.repository), kept[-1].id)
    desk.observer.note(f"Backup {kept[-1].id} opens and holds {len(contents.secrets)} secrets.")


def _stores(desk: Desk, journey: Journey) -> list[tuple[Store, Visibility | None]]:
    plan = desk.journal.plan(journey.id, Phase.MIGRATE)
    removals = [step.entry for step in plan.steps if isinstance(step, RemoveSecret)] if plan else []
    found = {entry.store: Visibility.SELECTED if entry.visibility else None for entry in removals}
    if not found:
        raise UsageError(f"The migration of {journey.repository} removes no secret, so there is no way back to try.")
    return list(found.items())


async def _there_and_back(desk: Desk, store: Store, visibility: Visibility | None) -> None:
    name = f"{NAME}_{secrets.token_hex(4).upper()}"
    try:
        await desk.github.put_secret(store, name, Secret("a scratch value"), visibility=visibility)
        if await look_up(desk.github, store, name) is None:
            raise NotAllowed(f"A secret was written to {store}, and the store does not list it.")
    finally:
        await desk.github.delete_secret(store, name)
    if await look_up(desk.github, store, name) is not None:
        raise NotAllowed(f"The scratch secret {name} in {store} could not be removed.", hint="Remove it by hand.")
    desk.observer.note(f"{store}: takes a secret, lists it and gives it up.")
