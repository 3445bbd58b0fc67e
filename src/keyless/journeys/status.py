"""status: where every journey stands, and the one next thing to do. Reads the journal only; nothing is sent anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from keyless.journal import Journal
from keyless.model.journey import Journey, JourneyState, StepState
from keyless.model.phase import Phase

_SOON = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Standing:
    """One journey: where it stands, the next command and why. `urgency` is "none", "soon" or "overdue"."""

    journey: Journey
    doing: str
    command: str
    why: str
    urgency: str
    backups: tuple[str, ...]


def standings(journal: Journal, now: datetime) -> tuple[Standing, ...]:
    """Return the newest journey of each repository, those that need something first."""
    found = [_standing(journal, journey, now) for journey in newest_journeys(journal)]
    order = {"overdue": 0, "soon": 1, "none": 2}
    return tuple(sorted(found, key=lambda s: (s.journey.state.ended, order[s.urgency], str(s.journey.repository))))


@dataclass(frozen=True, slots=True)
class Overdue:
    """A backup that is there after its end, and the command that ends it. `open`: its migration is not over."""

    backup: str
    journey: Journey
    since: datetime
    command: str
    open: bool


def overdue_backups(journal: Journal, now: datetime) -> tuple[Overdue, ...]:
    """Return every backup of any migration, old ones too, that is past its end and was not destroyed.

    One whose migration was rolled back is nobody's way back any more: the token is in its secret again. So it takes only
    the operator's word; the others end with `finish` or with the rollback that is under way (S9).
    """
    return tuple(
        Overdue(record.id, journey, record.expires_at, _ends(journey, record.id, now), not journey.state.ended)
        for journey in journal.journeys()
        for record in journal.backups(journey.id)
        if record.shredded_at is None and now >= record.expires_at
    )


def _ends(journey: Journey, backup: str, now: datetime) -> str:
    return f"keyless backup shred {backup}" if journey.state.ended else _next(journey, now)[0]


def newest_journeys(journal: Journal) -> tuple[Journey, ...]:
    """Return the newest journey of each repository."""
    newest: dict[str, Journey] = {}
    for journey in sorted(journal.journeys(), key=lambda j: j.started_at):
        newest[str(journey.repository)] = journey
    return tuple(newest.values())


def _standing(journal: Journal, journey: Journey, now: datetime) -> Standing:
    command, why = _next(journey, now)
    backups = tuple(backup.id for backup in journal.backups(journey.id) if backup.shredded_at is None)
    return Standing(journey, _doing(journal, journey), command, why, _urgency(journey, now), backups)


def _doing(journal: Journal, journey: Journey) -> str:
    phase = _phase(journey.state)
    if phase is None:
        return journey.state.value
    plan = journal.plan(journey.id, phase)
    if plan is None:
        return "questions"
    done = {record.step for record in journal.records(journey.id, phase) if record.state is StepState.DONE}
    for number, step in enumerate(plan.steps, 1):
        if step.id not in done:
            return f"step {number} of {len(plan.steps)}: {step.id}"
    return "all steps done"


def _phase(state: JourneyState) -> Phase | None:
    working = {
        JourneyState.MIGRATING: Phase.MIGRATE,
        JourneyState.ROLLING_BACK: Phase.ROLLBACK,
        JourneyState.FINISHING: Phase.FINISH,
    }
    return working.get(state)


def _next(journey: Journey, now: datetime) -> tuple[str, str]:  # noqa: PLR0911  # a table: one line for each state
    name = journey.repository
    match journey.state:
        case JourneyState.MIGRATING:
            return f"keyless migrate {name}", "goes on where the last run stopped"
        case JourneyState.WINDOW if journey.window_until is not None and now >= journey.window_until:
            return f"keyless finish {name}", "the window is over: the old token still has to be revoked"
        case JourneyState.WINDOW:
            until = f"{journey.window_until:%Y-%m-%d}" if journey.window_until else "the window's end"
            return f"keyless finish {name}", f"revokes the token once you trust the releases; rollback until {until}"
        case JourneyState.ROLLING_BACK:
            return f"keyless rollback {name}", "goes on where the last run stopped"
        case JourneyState.FINISHING:
            return f"keyless finish {name}", "goes on where the last run stopped"
        case JourneyState.ROLLED_BACK:
            return f"keyless migrate {name}", "the token is in use again"
        case JourneyState.FINISHED:
            return f"keyless watch {name}", "sees whether a token has come back"
        case _:
            assert_never(journey.state)


def _urgency(journey: Journey, now: datetime) -> str:
    if journey.state is not JourneyState.WINDOW or journey.window_until is None:
        return "none"
    if now >= journey.window_until:
        return "overdue"
    return "soon" if journey.window_until - now <= _SOON else "none"
