"""migrate: from a token in a secret to a proven trusted publisher, an encrypted backup and no secret."""

from __future__ import annotations

from pathlib import Path

from keyless.errors import NotAllowed, UsageError
from keyless.journeys.desk import Desk
from keyless.journeys.interview import Interview
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.journey import Journey, JourneyState, StepState
from keyless.model.plan import ChangeWorkflow, Phase, Plan, SealBackup
from keyless.model.reading import Found, Unreadable
from keyless.model.survey import Survey
from keyless.observer import Observer
from keyless.operators.base import ask_yes, not_agreed
from keyless.operators.questions import question
from keyless.planning.located import hidden
from keyless.planning.migrate import plan_migration
from keyless.planning.replan import World, edited, merge
from keyless.planning.trial import offers
from keyless.steps.guards import backup_holds
from keyless.steps.titles import title
from keyless.surveying.repository import find_repository, suggest_projects, survey, with_projects


async def migrate(
    desk: Desk, repository: Repository, *, folder: Path | None = None, dry_run: bool = False, replan: bool = False
) -> Journey | None:
    """Take `repository` to an open rollback window; return its journey, or None after a dry run.

    Running it again goes on where the last run stopped; when there is nothing left it says so. Raises whatever ends
    the run; everything that was done is in the journal then.
    """
    if dry_run:
        found, plan = await _plan(desk, None, repository, folder)
        _show(desk, found, plan)
        return None
    with desk.lock(repository):
        journey = await _open(desk, repository)
        if journey.state is not JourneyState.MIGRATING:
            _already(desk.observer, journey)
            return journey
        plan = await _agreed_plan(desk, journey, folder, replan=replan)
        await desk.run(journey.id, plan, desk.tools(journey.id, repository))
        return desk.journal.journey(journey.id)


async def _open(desk: Desk, repository: Repository) -> Journey:
    journey = desk.journal.newest(repository)
    if journey is None or journey.state.ended:
        await find_repository(desk.github, repository)  # what cannot be seen begins no journey
        return desk.journal.begin(repository, desk.clock.now())
    if journey.state in (JourneyState.ROLLING_BACK, JourneyState.FINISHING):
        command = "rollback" if journey.state is JourneyState.ROLLING_BACK else "finish"
        raise UsageError(
            f"{repository} is in the middle of a {command}.", hint=f"Run `keyless {command} {repository}` to end it."
        )
    return journey


def _already(observer: Observer, journey: Journey) -> None:
    until = f"until {journey.window_until:%Y-%m-%d %H:%M} UTC" if journey.window_until else ""
    observer.note(f"{journey.repository} is migrated. It can be rolled back {until}; `keyless finish` ends it.")


async def _agreed_plan(desk: Desk, journey: Journey, folder: Path | None, *, replan: bool) -> Plan:
    known = desk.journal.plan(journey.id, Phase.MIGRATE)
    if known is not None and not replan:
        desk.observer.note(f"Going on with the plan of {known.made_at:%Y-%m-%d %H:%M} UTC.")
        return known
    found, plan = await _plan(desk, journey.id, journey.repository, folder)
    if known is not None:
        records = desk.journal.records(journey.id, Phase.MIGRATE)
        plan = merge(known, plan, records, _world(desk, journey, known, found))
        for entry in edited(known, plan, {record.step for record in records if record.state is StepState.DONE}):
            desk.observer.warning(
                f"{entry.name} was changed at {entry.updated_at:%Y-%m-%d %H:%M} UTC, after its backup was made: the token "
                "that is in it now is asked for. The former one stays in its backup until both are revoked."
            )
    _show(desk, found, plan)
    about = {"repository": str(plan.repository)}
    operator, row = desk.operator(journey.id), question("confirm-plan")
    if not await ask_yes(operator, row, about, default=False):
        raise not_agreed(operator, row, " to the plan", hint=f"`keyless migrate {plan.repository}` asks again.")
    desk.journal.set_plan(journey.id, plan)
    return plan


async def _plan(desk: Desk, journey: str | None, repository: Repository, folder: Path | None) -> tuple[Survey, Plan]:
    found = await survey(desk.github, repository, desk.clock)
    for line in not_seen(found):
        desk.observer.warning(line)
    require_seen(found, desk.addresses.github_web)
    suggested = await suggest_projects(desk.github, found)
    interview = Interview(
        operator=desk.operator(journey),
        observer=desk.observer,
        addresses=desk.addresses,
        survey=found,
        suggested=suggested,
        local=folder is not None,
    )
    answers, rewrite = await interview.ask()
    wanted = {(Index(key.rpartition("@")[2]), name) for key, names in answers.projects.items() for name in names}
    complete = await with_projects(found, dict(desk.indexes), wanted)
    return complete, plan_migration(complete, rewrite, answers, folder=str(folder) if folder else None)


def _world(desk: Desk, journey: Journey, plan: Plan, found: Survey) -> World:
    tools = desk.tools(journey.id, journey.repository)
    done = {r.step: r for r in desk.journal.records(journey.id, Phase.MIGRATE) if r.state is StepState.DONE}
    seals = [step.id for step in plan.steps if isinstance(step, SealBackup) and step.id in done]
    stores = [reading.entries for reading in found.stores]
    return World(
        spoiled=frozenset(step for step in seals if not backup_holds(tools, done[step])),
        entries=frozenset((e.store, e.name) for entries in stores if isinstance(entries, Found) for e in entries.value),
        files={file.path: file.content for file in found.files},
    )


def require_seen(found: Survey, web: str) -> None:
    """Raise NotAllowed when an upload reads a secret whose store cannot be seen: unseen is not absent (S11)."""
    lost = hidden(found)
    if lost is None:
        return
    reasons = [r.entries for r in lost.stores if isinstance(r.entries, Unreadable)]
    needs = ", ".join(dict.fromkeys(reason.permission for reason in reasons if reason.permission))
    repository = found.facts.repository
    who = (
        f"an owner of the organisation {repository.owner}"
        if lost.organisations
        else f"an administrator of {repository}"
    )
    page = f"{web}/settings/{'personal-access-tokens' if found.viewer.scopes is None else 'tokens'}"
    raise NotAllowed(
        f"Uploads read {', '.join(lost.secrets)}, and this GitHub token cannot see where that is: "
        f"{reasons[0].what} could not be read ({reasons[0].because}).",
        hint=f"{f'The token needs {needs}: change it at {page}. ' if needs else ''}"
        f"If you may not, ask {who} to run keyless.",
    )


def not_seen(found: Survey) -> list[str]:
    """Return what the survey could not see, a line each: it counts as "may read it", and is never passed over."""
    lines = []
    for reading in found.stores:
        if isinstance(reading.entries, Unreadable):
            needs = f" (needs '{reading.entries.permission}')" if reading.entries.permission else ""
            lines.append(f"Not seen: the secrets of {reading.store}: {reading.entries.because}{needs}")
    if isinstance(found.seen_from_organisation, Unreadable):
        lines.append(f"Not seen: which organisation secrets reach it: {found.seen_from_organisation.because}")
    return lines


def _show(desk: Desk, found: Survey, plan: Plan) -> None:
    """Show the plan, and what can be tried before the releases that it waits for."""
    show_plan(desk.observer, plan)
    for line in offers(found, plan, desk.clock.now()):
        desk.observer.note(line)


def show_plan(observer: Observer, plan: Plan) -> None:
    """Show every line that will change, then tell every step in words."""
    for step in plan.steps:
        if isinstance(step, ChangeWorkflow):
            observer.diff(step.changes)
    observer.note(f"\nThe plan for {plan.repository}:")
    for number, step in enumerate(plan.steps, 1):
        observer.note(f"{number:4}. {title(step)}")
