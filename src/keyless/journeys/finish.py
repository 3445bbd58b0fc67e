"""finish: the token is revoked on the index, the backup destroyed, the receipt written. The point of no return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyless.errors import NotProven, UsageError
from keyless.journeys.desk import Desk
from keyless.journeys.migrate import show_plan
from keyless.model.codec import Json
from keyless.model.github import Repository
from keyless.model.journey import BackupRecord, Journey, JourneyState
from keyless.model.plan import Phase, Plan, SealBackup
from keyless.operators.base import ask_yes, not_agreed
from keyless.operators.questions import question
from keyless.planning.finish import plan_finish


async def finish(desk: Desk, repository: Repository, *, dry_run: bool = False) -> Journey | None:
    """End the journey of `repository`. Return it; None after a dry run."""
    with desk.lock(repository):
        journey = _ready(desk, repository)
        if journey.state is JourneyState.FINISHED:
            desk.observer.note(f"{repository} is finished; its receipt stands.")
            return journey
        plan = _plan(desk, journey)
        show_plan(desk.observer, plan)
        if dry_run:
            return None
        about = {"repository": str(repository)}
        operator, row = desk.operator(journey.id), question("confirm-finish")
        if not await ask_yes(operator, row, about, default=False):
            raise not_agreed(operator, row, hint="The window stays open; `keyless status` says until when.")
        desk.journal.set_plan(journey.id, plan)
        desk.journal.set_state(journey.id, JourneyState.FINISHING, desk.clock.now(), journey.window_until)
        await desk.run(journey.id, plan, desk.tools(journey.id, repository))
        return desk.journal.journey(journey.id)


def _ready(desk: Desk, repository: Repository) -> Journey:
    journey = desk.journal.newest(repository)
    if journey is None:
        raise UsageError(
            f"This journal knows of no migration of {repository}.", hint=f"Begin with `keyless migrate {repository}`."
        )
    if journey.state is JourneyState.MIGRATING:
        raise NotProven(
            f"The migration of {repository} is not done, so its token is still needed.",
            hint=f"Go on with `keyless migrate {repository}`.",
        )
    if journey.state in (JourneyState.ROLLED_BACK, JourneyState.ROLLING_BACK):
        raise UsageError(
            f"{repository} was rolled back: its token is in use again.",
            hint=f"Migrate it once more with `keyless migrate {repository}`.",
        )
    return journey


def _plan(desk: Desk, journey: Journey) -> Plan:
    known = desk.journal.plan(journey.id, Phase.FINISH)
    if known is not None:
        return known
    _adopt(desk, journey)
    migration = desk.journal.plan(journey.id, Phase.MIGRATE)
    if migration is None:
        raise UsageError(f"The journal holds no plan of {journey.repository}.", hint="Run `keyless doctor`.")
    cards = token_cards(desk, journey)
    earlier = _superseded(desk, journey, cards)
    former = list(_former_cards(desk, journey))
    backups = desk.journal.backups(journey.id)
    return plan_finish(migration, cards, backups, desk.clock.now(), earlier=earlier, former=former)


def _superseded(desk: Desk, journey: Journey, cards: Mapping[str, Mapping[str, Json]]) -> tuple[BackupRecord, ...]:
    """Return the backups of earlier migrations, rolled back since, that hold no token but those that end with this one."""
    ending = _identifiers(cards)
    earlier = [j for j in desk.journal.journeys() if j.repository == journey.repository and j.id != journey.id]
    ends: list[BackupRecord] = []
    for one in earlier:
        kept = [backup for backup in desk.journal.backups(one.id) if backup.shredded_at is None]
        others = _identifiers(token_cards(desk, one)) - ending
        if one.state is JourneyState.ROLLED_BACK and not others:
            ends += kept
        elif kept:
            desk.observer.warning(_left(kept[-1], others))
    return tuple(ends)


def _left(backup: BackupRecord, others: set[Json]) -> str:
    names = ", ".join(sorted(str(identifier) for identifier in others)) or "a token"
    return (
        f"Backup {backup.id} of an earlier migration holds another token ({names}), and this does not revoke it. "
        f"Remove it on the index's account page, then run `keyless backup shred {backup.id}`."
    )


def _identifiers(cards: Mapping[str, Mapping[str, Json]]) -> set[Json]:
    return {card["identifier"] for card in cards.values() if card.get("identifier")}


def _adopt(desk: Desk, journey: Journey) -> None:
    """Take backups of this journey into the journal that a kill right after sealing kept out of it: they end, too."""
    known = {backup.id for backup in desk.journal.backups(journey.id)}
    for header in desk.vault.list():
        if header.subject.journey == journey.id and header.id not in known:
            path, digest = str(desk.vault.path(header.id)), desk.vault.digest(header.id)
            desk.journal.add_backup(
                BackupRecord(header.id, journey.id, path, digest, header.lease.expires_at, shredded_at=None)
            )


def _former_cards(desk: Desk, journey: Journey) -> Iterator[dict[str, Json]]:
    """Yield the card of every token that any backup step recorded, whether the last plan still speaks of it or not."""
    for record in desk.journal.records(journey.id, Phase.MIGRATE):
        found = record.evidence.get("cards") if isinstance(record.evidence, dict) else None
        if isinstance(found, dict):
            yield from (card for card in found.values() if isinstance(card, dict) and card.get("identifier"))


def token_cards(desk: Desk, journey: Journey) -> dict[str, dict[str, Json]]:
    """Return what the backup steps recorded of each token, by the item's key."""
    migration = desk.journal.plan(journey.id, Phase.MIGRATE)
    seals = {step.id for step in migration.steps if isinstance(step, SealBackup)} if migration else set()
    cards: dict[str, dict[str, Json]] = {}
    for record in desk.journal.records(journey.id, Phase.MIGRATE):
        if record.step in seals and isinstance(record.evidence, dict):
            found = record.evidence.get("cards")
            if isinstance(found, dict):
                cards |= {key: card for key, card in found.items() if isinstance(card, dict)}
    return cards
