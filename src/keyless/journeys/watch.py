"""watch: has a token come back after the migration? Looks, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from keyless.engine import Done
from keyless.errors import KeylessError
from keyless.journeys.desk import Desk
from keyless.model.journey import Journey, JourneyState
from keyless.model.plan import CheckProof, Phase, ProveRelease, RemoveSecret
from keyless.planning.uploads import with_token
from keyless.steps.prove import ProvePerformer
from keyless.steps.stores import look_up
from keyless.surveying.repository import survey


@dataclass(frozen=True, slots=True)
class Drift:
    """Something that is not as the migration left it. `certain` False: it could not be told."""

    repository: str
    says: str
    certain: bool
    command: str


async def watch(desk: Desk, journeys: tuple[Journey, ...]) -> tuple[Drift, ...]:
    """Return every drift of the given journeys; those that were rolled back or never got so far have none."""
    drifts: list[Drift] = []
    for journey in journeys:
        if journey.state in (JourneyState.WINDOW, JourneyState.FINISHING, JourneyState.FINISHED):
            try:
                drifts += await _of(desk, journey)
            except KeylessError as error:
                again = f"keyless watch {journey.repository}"
                drifts.append(
                    Drift(str(journey.repository), f"could not be told: {error.what}", certain=False, command=again)
                )
    return tuple(drifts)


async def _of(desk: Desk, journey: Journey) -> list[Drift]:
    name = str(journey.repository)
    plan = desk.journal.plan(journey.id, Phase.MIGRATE)
    found = await survey(desk.github, journey.repository, desk.clock)
    drifts = [
        Drift(name, f"{step.place} hands a token to an upload again", certain=True, command=f"keyless migrate {name}")
        for step in with_token(found.analysis)
    ]
    for step in plan.steps if plan else ():
        if isinstance(step, RemoveSecret):
            entry = await look_up(desk.github, step.entry.store, step.entry.name)
            if entry is not None:
                says = f"secret {entry.name} is back in {entry.store}"
                drifts.append(Drift(name, says, certain=True, command=f"keyless migrate {name}"))
        elif isinstance(step, ProveRelease):
            drifts += await _release(desk, journey, step)
    if journey.state is JourneyState.WINDOW and journey.window_until and desk.clock.now() >= journey.window_until:
        drifts.append(
            Drift(name, "the window is over and the token not revoked", certain=True, command=f"keyless finish {name}")
        )
    return drifts


async def _release(desk: Desk, journey: Journey, step: ProveRelease) -> list[Drift]:
    again = CheckProof(step.id, step.index, step.project, step.publisher, step.bar, step.workflow_path)
    check = await ProvePerformer(desk.tools(journey.id, journey.repository)).check(again, None)
    if isinstance(check, Done):
        return []
    says = f"the newest release of {step.project} on {step.index.label} is not proven"
    command = f"keyless verify {step.project}" + ("" if step.index.value == "pypi" else " --index testpypi")
    return [Drift(str(journey.repository), says, certain=True, command=command)]
