"""The one loop for migrate, rollback, finish and every playbook: check the world → intend → act → confirm.

Resuming is the same loop: a step that the journal knows as done is passed over, one that was only intended is checked
first, and what is already so is done. Intent is durable before an effect, outcome after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from keyless.errors import NOTHING, KeylessError, TryLater
from keyless.journal import Journal
from keyless.model.codec import Json
from keyless.model.journey import StepRecord, StepState
from keyless.model.plan import Plan, Step
from keyless.observer import Observer
from keyless.services.ports import Clock

S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Done:
    """It is so already, or was confirmed. `evidence` goes into the journal, `says` to whoever watches."""

    says: str
    evidence: Json = None


@dataclass(frozen=True, slots=True)
class Ready:
    """Nothing stands in the way of acting."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something outside has to happen first. `otherwise` is the error that ends the run when nobody waits."""

    what: str
    otherwise: KeylessError
    link: str | None = None
    advice: tuple[str, ...] = ()
    evidence: Json = None


Check: TypeAlias = Done | Ready | Waiting


class Performer(Protocol[S_contra]):
    """Knows one kind of step. `check` looks and judges; `act` has the effect; `confirm` looks again.

    `check` raises StalePlan when the world is not as the plan saw it. `confirm` may answer Waiting for an effect that
    others have to complete (a pull request that waits for its merge).
    """

    async def check(self, step: S_contra, record: StepRecord | None) -> Check: ...
    async def act(self, step: S_contra) -> None: ...
    async def confirm(self, step: S_contra) -> Done | Waiting: ...


class Outside(Protocol):
    """Decides what to do while something outside is awaited."""

    async def wait(self, step: Step, waiting: Waiting) -> bool:
        """Return True to look again, False to stop here (the run can be resumed)."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a plan. `performers` are found by the step's class, `title` says a step in words."""

    journey: str
    plan: Plan
    journal: Journal
    performers: Mapping[type, Performer[Step]]
    outside: Outside
    observer: Observer
    clock: Clock
    title: Callable[[Step], str]

    async def go(self) -> None:
        """Do every step that is not done. Raises what a step raises, or the error of what is awaited."""
        for number, step in enumerate(self.plan.steps, 1):
            record = self._record(step)
            if record is not None and record.state is StepState.DONE:
                continue
            self.observer.step_started(number, len(self.plan.steps), self.title(step))
            try:
                await self._do(step)
            except KeylessError as error:
                if error.untouched == NOTHING and self.journal.records(self.journey, self.plan.phase):
                    error.untouched = "What was done before is in the journal and stays done; nothing is half done."
                raise

    async def _do(self, step: Step) -> None:
        while isinstance(found := await self._attempt(step), Waiting):
            now = self.clock.now()
            self.journal.waiting(self.journey, self.plan.phase, step.id, now, found.evidence)
            self.observer.waiting(found.what, link=found.link, advice=found.advice)
            if not await self.outside.wait(step, found):
                raise found.otherwise
        self._finish(step, found)

    async def _attempt(self, step: Step) -> Done | Waiting:
        performer = self.performers[type(step)]
        check = await performer.check(step, self._record(step))
        if not isinstance(check, Ready):
            return check
        self.journal.intend(self.journey, self.plan.phase, step.id, self.clock.now())
        try:
            await performer.act(step)
        except TryLater:
            # A lost reply is not a failure: look whether the effect is there before giving up.
            again = await performer.check(step, self._record(step))
            if isinstance(again, Ready):
                raise
            return again
        return await performer.confirm(step)

    def _finish(self, step: Step, done: Done) -> None:
        record = self._record(step)
        already = record is None
        self.journal.done(self.journey, self.plan.phase, step.id, self.clock.now(), done.evidence)
        self.observer.step_done(self.title(step), done.says, already=already)

    def _record(self, step: Step) -> StepRecord | None:
        for record in self.journal.records(self.journey, self.plan.phase):
            if record.step == step.id:
                return record
        return None
