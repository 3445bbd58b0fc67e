"""What must hold at every instant of a journey, read from what lies on the disk: S1, S2 and S9; and at its ends."""

from __future__ import annotations

from pathlib import Path

from keyless import tokens
from keyless.journal import Journal
from keyless.model.journey import JourneyState, StepState
from keyless.model.plan import Phase, ProveRelease
from keyless.model.realm import Realm
from keyless.rehearsal.github import state
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.services import Services
from keyless.rehearsal.snapshot import Snapshot
from keyless.vault import PassphraseUnlock, Vault
from tests.staging import PASSPHRASE, Scene

UNLOCK = PassphraseUnlock(PASSPHRASE)


def opened(folder: Path) -> Scene:
    """Open the world of a folder."""
    return Scene(folder, Services.open(folder))


def kept_identifiers(scene: Scene) -> set[str]:
    """Return the identifiers of the tokens in the backups that open."""
    vault = Vault(scene.state / "backups", Realm.REHEARSAL)
    now = scene.store.now()
    found = set()
    for header in vault.list():
        _, contents = vault.open(header.id, UNLOCK, now=now, past_expiry=True)
        found |= {tokens.read(kept.token).identifier for kept in contents.secrets if kept.token is not None}
    return found


def lost(scene: Scene) -> str | None:
    """Say which token is neither on GitHub, nor in a backup that opens, nor dead; or what went without a proof."""
    kept, absent = kept_identifiers(scene), []
    for held in scene.world.secrets:
        if held.token is None:
            continue
        token, where = scene.world.token(held.token), held.store
        there = state.secret_value(scene.store, where.kind, where.owner, where.repository, where.environment, held.name)
        if there is not None:
            continue
        absent.append(held.name)
        alive = index_state.token(scene.store, token.index, token.identifier) is not None
        if token.identifier not in kept and alive:
            return f"S1: {held.name} is gone, its token is alive, and no backup that opens holds it"
    return unproven(scene) if absent else None


def unproven(scene: Scene) -> str | None:
    """A secret is gone, so some journey has all its proofs."""
    lacking = []
    with Journal.open(scene.state, Realm.REHEARSAL) as journal:
        for journey in journal.journeys():
            plan = journal.plan(journey.id, Phase.MIGRATE)
            records = {record.step: record.state for record in journal.records(journey.id, Phase.MIGRATE)}
            needed = [step.id for step in plan.steps if isinstance(step, ProveRelease)] if plan else ["a plan"]
            missing = [step for step in needed if records.get(step) is not StepState.DONE]
            if not missing:
                return None
            lacking += missing
    return f"S2: a secret is gone, and this is not proven: {', '.join(lacking)}"


def wrong_end(scene: Scene, command: str, before: Snapshot) -> str | None:
    """Say what is not as it has to be when `command` has ended well."""
    with Journal.open(scene.state, Realm.REHEARSAL) as journal:
        journey = journal.newest(scene.repository)
        reached = journey.state if journey else None
        backups = journal.backups(journey.id) if journey else ()
    match command:
        case "migrate":
            if reached is not JourneyState.WINDOW:
                return f"S6: migrate ended in {reached}"
        case "rollback":
            if reached is not JourneyState.ROLLED_BACK:
                return f"S6: rollback ended in {reached}"
            if scene.snapshot() != before:
                return "S4: rollback did not bring back what was there"
        case "finish":
            if reached is not JourneyState.FINISHED:
                return f"S6: finish ended in {reached}"
            left = list((scene.state / "backups").glob("*"))
            if left or any(backup.shredded_at is None for backup in backups):
                return f"a backup is left over: {left}"
    return lost(scene)
