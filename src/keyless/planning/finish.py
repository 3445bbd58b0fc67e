"""The end of a journey: prove once more, revoke the tokens, shred the backups. The point of no return is in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from keyless.model.codec import Json
from keyless.model.index import Index
from keyless.model.journey import BackupRecord
from keyless.model.plan import (
    BackupChoice,
    BackupItem,
    CheckProof,
    CloseJourney,
    Origin,
    Phase,
    Plan,
    ProveRelease,
    RevokeToken,
    SealBackup,
    ShredBackup,
    Step,
)


def plan_finish(
    migration: Plan,
    cards: Mapping[str, Mapping[str, Json]],
    backups: Sequence[BackupRecord],
    now: datetime,
    *,
    earlier: Sequence[BackupRecord] = (),
    former: Sequence[Mapping[str, Json]] = (),
) -> Plan:
    """Return the steps that end a migrated repository's journey.

    `cards` is what the backup step recorded of each token, by the item's key (see `item_key`): `identifier`, `index`.
    `earlier` are backups of former migrations that hold no other tokens than those that end here. `former` are the cards
    of tokens that were in a secret before somebody put another one into it: their backups end here, and so do they.
    """
    kept = [backup for backup in backups if backup.shredded_at is None]
    steps: list[Step] = [
        CheckProof(
            id=f"still:{step.index.value}:{step.project}",
            index=step.index,
            project=step.project,
            publisher=step.publisher,
            bar=step.bar,
            workflow_path=step.workflow_path,
        )
        for step in migration.steps
        if isinstance(step, ProveRelease)
    ]
    steps += _revocations(migration, cards, kept[-1].id if kept else None)
    revoked = {step.identifier for step in steps if isinstance(step, RevokeToken)}
    steps += [_revocation_of_a_former(card) for card in former if card.get("identifier") not in {*revoked, None}]
    steps += [
        ShredBackup(f"shred:{backup.id}", backup.id)
        for backup in (*kept, *(b for b in earlier if b.shredded_at is None))
    ]
    return Plan(Phase.FINISH, migration.repository, (*steps, CloseJourney("close", "finished")), now)


def item_key(item: BackupItem) -> str:
    """Return the name under which the backup step records what it learnt of this item's token."""
    return f"{item.entry.store}/{item.entry.name}"


def _revocations(migration: Plan, cards: Mapping[str, Mapping[str, Json]], backup: str | None) -> Iterator[RevokeToken]:
    seen: set[str | None] = set()
    for step in migration.steps:
        if not isinstance(step, SealBackup):
            continue
        for item in step.items:
            if not item.holds_token:
                continue
            card = cards.get(item_key(item), {})
            identifier = card.get("identifier")
            known = identifier if isinstance(identifier, str) else None
            if known is None or known not in seen:
                seen.add(known)
                yield _revocation(item, known, card.get("index"), backup)
            if item.choice is BackupChoice.NEW_TOKEN:
                yield _revocation_of_the_lost(item)


def _revocation(item: BackupItem, identifier: str | None, index: Json, backup: str | None) -> RevokeToken:
    where = Index(index) if isinstance(index, str) else item.index or Index.PYPI
    suffix = identifier or f"unknown:{item_key(item)}"
    return RevokeToken(f"revoke:{suffix}", where, identifier, item.entry.name, backup, item.origin)


def _revocation_of_a_former(card: Mapping[str, Json]) -> RevokeToken:
    identifier, index, secret, origin = (str(card.get(name)) for name in ("identifier", "index", "secret", "origin"))
    return RevokeToken(f"revoke:{identifier}", Index(index), identifier, secret, None, Origin(origin))


def _revocation_of_the_lost(item: BackupItem) -> RevokeToken:
    """The backup holds a new token; the one in the secret was never given, so only a person can find and remove it."""
    return RevokeToken(
        f"revoke:lost:{item_key(item)}", item.index or Index.PYPI, None, item.entry.name, None, Origin.UNKNOWN
    )
