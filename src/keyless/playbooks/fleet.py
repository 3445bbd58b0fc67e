"""A playbook's repositories, one after another: each runs the same journey as the wizard; none stops the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keyless.errors import KeylessError, OperatorStopped
from keyless.journeys.desk import Desk
from keyless.journeys.finish import finish
from keyless.journeys.migrate import migrate
from keyless.journeys.receipt import write_receipt
from keyless.journeys.rollback import rollback, rollback_from
from keyless.model.journey import Journey
from keyless.model.plan import Phase
from keyless.operators.script import ScriptOperator
from keyless.playbooks.load import Playbook, PlaybookEntry


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one repository ended: `error` None is done (or planned)."""

    repository: str
    says: str
    error: KeylessError | None


async def run_playbook(
    desk: Desk,
    playbook: Playbook,
    script: Callable[[PlaybookEntry], ScriptOperator],
    *,
    dry_run: bool,
    before: Callable[[PlaybookEntry], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Run every entry. Only an operator's stop ends the fleet; any other error is that repository's alone."""
    outcomes = []
    for entry in playbook.entries:
        before(entry)
        here = replace(desk, given=(*desk.given, script(entry)))
        try:
            journey = await _journey(here, playbook.phase, entry, dry_run=dry_run)
        except OperatorStopped:
            raise
        except KeylessError as error:
            outcomes.append(Outcome(str(entry.repository), error.what, error))
        else:
            outcomes.append(Outcome(str(entry.repository), _says(journey), None))
    return tuple(outcomes)


async def _journey(desk: Desk, phase: Phase, entry: PlaybookEntry, *, dry_run: bool) -> Journey | None:
    match phase:
        case Phase.MIGRATE:
            folder = _given(entry, "folder")
            return await migrate(desk, entry.repository, folder=Path(folder) if folder else None, dry_run=dry_run)
        case Phase.ROLLBACK:
            file = _given(entry, "backup-file")
            if file:
                return await rollback_from(desk, Path(file), dry_run=dry_run)
            return await rollback(desk, entry.repository, dry_run=dry_run)
        case Phase.FINISH:
            journey = await finish(desk, entry.repository, dry_run=dry_run)
            if journey is not None:
                _, markdown = write_receipt(desk, journey)
                desk.observer.note(f"The receipt: {markdown}")
            return journey


def _given(entry: PlaybookEntry, identifier: str) -> str:
    names = entry.given.get(identifier, {})
    return str(names.get("", ""))


def _says(journey: Journey | None) -> str:
    if journey is None:
        return "planned; nothing was changed"
    until = f", rollback until {journey.window_until:%Y-%m-%d}" if journey.window_until else ""
    return f"{journey.state.value}{until}"


def worst(outcomes: Sequence[Outcome]) -> KeylessError | None:
    """Return the error that the whole run ends with: what needs a person before what only needs time."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return min(errors, key=lambda error: error.exit_code if error.exit_code != 1 else 0, default=None)
