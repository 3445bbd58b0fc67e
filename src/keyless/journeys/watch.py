"""watch: has anything drifted since a migration? Looks, and changes nothing.

Each look stands for itself: what one service does not answer hides nothing that another one shows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

from keyless.engine import Done, Waiting
from keyless.errors import KeylessError, StalePlan
from keyless.journeys.desk import Desk
from keyless.model.codec import Json
from keyless.model.journey import Journey, JourneyState, StepRecord, StepState
from keyless.model.plan import CheckProof, OpenWindow, Phase, Plan, ProveRelease, RemoveSecret
from keyless.planning.drift import Drift, of_protection, of_survey
from keyless.proofs.refusal import read_refusal, real_publisher
from keyless.steps.prove import ProvePerformer
from keyless.steps.refused import why_refused
from keyless.steps.stores import look_up
from keyless.surveying.release import failed_run
from keyless.surveying.repository import survey

__all__ = ["Drift", "watch"]


async def watch(desk: Desk, journeys: tuple[Journey, ...]) -> tuple[Drift, ...]:
    """Return every drift of the given journeys; those that were rolled back or never got so far have none."""
    drifts: list[Drift] = []
    for journey in journeys:
        if journey.state in (JourneyState.WINDOW, JourneyState.FINISHING, JourneyState.FINISHED):
            drifts += [drift async for drift in _of(desk, journey)]
    return tuple(dict.fromkeys(drifts))


async def _of(desk: Desk, journey: Journey) -> AsyncIterator[Drift]:
    plan = desk.journal.plan(journey.id, Phase.MIGRATE)
    if plan is None:
        return
    window = _window(desk, journey, plan)
    since = window.at if window else None
    proofs = [step for step in plan.steps if isinstance(step, ProveRelease)]
    looks: list[Callable[[], AsyncIterator[Drift]]] = [
        lambda: _survey(desk, journey, plan, since),
        lambda: _protection(desk, journey, plan, _rules(window)),
        *(lambda step=step: _secret(desk, journey, step) for step in plan.steps if isinstance(step, RemoveSecret)),
        *(lambda step=step: _release(desk, journey, step) for step in proofs),
        *(lambda path=path: _refused(desk, journey, [one for one in proofs if one.workflow_path == path], since)
          for path in dict.fromkeys(one.workflow_path for one in proofs)),
    ]  # fmt: skip
    for look in looks:
        try:
            async for drift in look():
                yield drift
        except StalePlan as error:
            yield Drift(str(journey.repository), f"{error.what} {error.hint}", certain=True, command="keyless scan")
        except KeylessError as error:
            again = f"keyless watch {journey.repository}"
            yield Drift(str(journey.repository), f"could not be told: {error.what}", certain=False, command=again)
    if journey.state is JourneyState.WINDOW and journey.window_until and desk.clock.now() >= journey.window_until:
        says, command = "the window is over and the token not revoked", f"keyless finish {journey.repository}"
        yield Drift(str(journey.repository), says, certain=True, command=command)


def _window(desk: Desk, journey: Journey, plan: Plan) -> StepRecord | None:
    """Return the record of the migration's end."""
    ends = {step.id for step in plan.steps if isinstance(step, OpenWindow)}
    records = desk.journal.records(journey.id, Phase.MIGRATE)
    return next((one for one in records if one.step in ends and one.state is StepState.DONE), None)


def _rules(window: StepRecord | None) -> Mapping[str, tuple[str, ...]]:
    """Return what guarded each environment then; nothing where an earlier version did not write it down."""
    kept: Json = window.evidence.get("protection") if window and isinstance(window.evidence, dict) else None
    if not isinstance(kept, dict):
        return {}
    return {name: tuple(str(rule) for rule in rules) for name, rules in kept.items() if isinstance(rules, list)}


async def _survey(desk: Desk, journey: Journey, plan: Plan, since: datetime | None) -> AsyncIterator[Drift]:
    found = await survey(desk.github, journey.repository, desk.clock)
    for drift in of_survey(found, plan, since):
        yield drift


async def _protection(
    desk: Desk, journey: Journey, plan: Plan, before: Mapping[str, tuple[str, ...]]
) -> AsyncIterator[Drift]:
    for drift in of_protection(journey.repository, before, await desk.github.protection(journey.repository), plan):
        yield drift


async def _secret(desk: Desk, journey: Journey, step: RemoveSecret) -> AsyncIterator[Drift]:
    entry = await look_up(desk.github, step.entry.store, step.entry.name)
    if entry is not None:
        name = str(journey.repository)
        yield Drift(name, f"secret {entry.name} is back in {entry.store}", True, f"keyless migrate {name}")


async def _release(desk: Desk, journey: Journey, step: ProveRelease) -> AsyncIterator[Drift]:
    """Whether the newest release is still proven."""
    name, where = str(journey.repository), f"{step.project} on {step.index.label}"
    command = f"keyless verify {step.project}" + ("" if step.index.value == "pypi" else " --index testpypi")
    again = CheckProof(step.id, step.index, step.project, step.publisher, step.bar, step.workflow_path)
    check = await ProvePerformer(desk.tools(journey.id, journey.repository)).check(again, None)
    if not isinstance(check, Done):
        why = " ".join(check.advice[:1]) if isinstance(check, Waiting) else ""
        yield Drift(name, f"the newest release of {where} is not proven. {why}".strip(), True, command)


async def _refused(
    desk: Desk, journey: Journey, steps: Sequence[ProveRelease], since: datetime | None
) -> AsyncIterator[Drift]:
    """Whether the newest run of a workflow was refused: the newest release is an older one then, and proven still.

    The run does not say which index refused it; where its workflow serves two, the publisher that fits it is compared.
    """
    failed = await failed_run(desk.github, journey.repository, steps[0].workflow_path, since or journey.started_at)
    run, jobs = failed or (None, ())
    refused = [
        (note.message, found) for job in jobs for note in job.annotations if (found := read_refusal(note.message))
    ]
    if run is None or not refused:
        return
    said, refusal = refused[0]
    ran = real_publisher(refusal.claims)
    step = next((one for one in steps if one.publisher == ran), steps[-1])
    index = step.index.label if len({one.publisher for one in steps}) == len(steps) else "The index"
    why = why_refused(said, step.publisher, index)
    command = f"keyless verify {step.project} --explain {run.url}"
    yield Drift(str(journey.repository), f"the run {run.url} released nothing: {why}", True, command)
