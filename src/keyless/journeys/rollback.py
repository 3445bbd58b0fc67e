"""rollback: put back what was removed, for whoever's release is broken this minute."""

from __future__ import annotations

from pathlib import Path

from keyless.errors import UsageError
from keyless.journeys.desk import Desk
from keyless.journeys.migrate import show_plan
from keyless.model.backup import BackupContents
from keyless.model.github import Repository
from keyless.model.journey import Journey, JourneyState, StepState
from keyless.model.plan import Delivery, Phase, Plan, RestoreSecret, RestoreWorkflow
from keyless.operators.base import ask_text, ask_yes, not_agreed
from keyless.operators.questions import question
from keyless.planning.rollback import plan_from_backup, plan_rollback
from keyless.steps.opening import open_backup


async def rollback(desk: Desk, repository: Repository, *, dry_run: bool = False) -> Journey | None:
    """Undo the newest journey of `repository`, as the journal knows it. Return the journey; None after a dry run."""
    with desk.lock(repository):
        journey = desk.journal.newest(repository)
        if journey is None:
            raise UsageError(
                f"This journal knows of no migration of {repository}.",
                hint="If there is an exported backup: keyless rollback --from FILE.",
            )
        if journey.state is JourneyState.ROLLED_BACK:
            desk.observer.note(f"{repository} was rolled back already; nothing is left to undo.")
            return journey
        if journey.state is JourneyState.FINISHED:
            raise UsageError(
                f"{repository} is past the point of no return: its token was revoked.",
                hint="Issue a new token on PyPI's account page and put it into the secret; the receipt names both.",
            )
        plan = await _plan_from_journal(desk, journey)
        return await _carry_out(desk, journey, plan, None, dry_run=dry_run)


async def rollback_from(desk: Desk, file: Path, *, dry_run: bool = False) -> Journey | None:
    """Undo with an exported backup alone, on a machine that knows nothing else."""
    claimed = desk.vault.header(file).subject.repository
    tools = desk.tools("", claimed, file)
    header, contents = await open_backup(tools, file)
    with desk.lock(contents.subject.repository):
        journey = desk.journal.newest(contents.subject.repository)
        if journey is None or journey.state.ended:
            journey = _begin(desk, contents.subject.repository, dry_run=dry_run)
        known = desk.journal.plan(journey.id, Phase.ROLLBACK) if journey.id else None
        delivery = await _delivery(desk, journey, contents)
        plan = known or plan_from_backup(contents, header.id, delivery, desk.clock.now())
        return await _carry_out(desk, journey, plan, file, dry_run=dry_run)


def _begin(desk: Desk, repository: Repository, *, dry_run: bool) -> Journey:
    """Return a new journey; a dry run's has no id and stands in no journal."""
    now = desk.clock.now()
    return (
        Journey("", repository, JourneyState.MIGRATING, now, None) if dry_run else desk.journal.begin(repository, now)
    )


async def _delivery(desk: Desk, journey: Journey, contents: BackupContents) -> Delivery:
    if contents.workflow is None:
        return Delivery.PULL_REQUEST
    about = {"repository": str(journey.repository)}
    return Delivery(await ask_text(desk.operator(journey.id), question("delivery"), about))


async def _plan_from_journal(desk: Desk, journey: Journey) -> Plan:
    known = desk.journal.plan(journey.id, Phase.ROLLBACK)
    if known is not None:
        return known
    migration = desk.journal.plan(journey.id, Phase.MIGRATE)
    if migration is None:
        raise UsageError(
            f"The migration of {journey.repository} changed nothing yet, so there is nothing to undo.",
            hint=f"`keyless migrate {journey.repository}` goes on with it.",
        )
    records = desk.journal.records(journey.id, Phase.MIGRATE)
    return plan_rollback(migration, records, desk.journal.backups(journey.id), desk.clock.now())


async def _carry_out(desk: Desk, journey: Journey, plan: Plan, file: Path | None, *, dry_run: bool) -> Journey | None:
    desk.observer.note(what_is_possible(desk, journey, plan))
    show_plan(desk.observer, plan)
    if dry_run:
        return None
    about = {"repository": str(journey.repository)}
    operator, row = desk.operator(journey.id), question("confirm-rollback")
    if not await ask_yes(operator, row, about, default=False):
        raise not_agreed(operator, row, " to the rollback")
    desk.journal.set_plan(journey.id, plan)
    desk.journal.set_state(journey.id, JourneyState.ROLLING_BACK, desk.clock.now())
    await desk.run(journey.id, plan, desk.tools(journey.id, journey.repository, file))
    return desk.journal.journey(journey.id)


def what_is_possible(desk: Desk, journey: Journey, plan: Plan) -> str:
    """Say in one sentence what a rollback can still do now."""
    secrets = [step.entry.name for step in plan.steps if isinstance(step, RestoreSecret)]
    workflow = any(isinstance(step, RestoreWorkflow) for step in plan.steps)
    revoked = bool(journey.id) and any(
        record.state is StepState.DONE and record.step.startswith("revoke:")
        for record in desk.journal.records(journey.id, Phase.FINISH)
    )
    parts = []
    if secrets and revoked:
        parts.append(f"{', '.join(secrets)} with a newly issued token (the old one was revoked)")
    elif secrets:
        parts.append(", ".join(secrets))
    if workflow:
        parts.append("the workflow as it was")
    return f"Possible now: {' and '.join(parts)}." if parts else "Nothing was removed yet; only the journey is closed."
