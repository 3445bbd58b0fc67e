"""What to do while something outside is awaited: ask a person to say when, look again for a while, or stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from keyless.engine import Waiting
from keyless.model.plan import Step
from keyless.operators.base import Operator
from keyless.services.ports import Clock


class StopOutside:
    """Nobody waits: the run ends here and the same command goes on later."""

    async def wait(self, step: Step, waiting: Waiting) -> bool:
        """Return False."""
        return False


class AskOutside:
    """A person says when it is done."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    async def wait(self, step: Step, waiting: Waiting) -> bool:
        """Wait for the person."""
        return await self._operator.pause("")


class PollOutside:
    """Looks again by itself, ever more rarely, until `patience` is used up."""

    def __init__(self, clock: Clock, patience: timedelta, *, first: float = 15, longest: float = 300) -> None:
        self._clock = clock
        self._patience = patience
        self._first = first
        self._longest = longest
        self._waits: dict[str, tuple[datetime, float]] = {}

    async def wait(self, step: Step, waiting: Waiting) -> bool:
        """Sleep, and return whether there is still patience left (seconds double from `first` to `longest`)."""
        since, pause = self._waits.get(step.id, (self._clock.now(), self._first))
        if self._clock.now() - since >= self._patience:
            return False
        await self._clock.sleep(pause)
        self._waits[step.id] = (since, min(pause * 2, self._longest))
        return True


class ActOutside:
    """Somebody does what is awaited: the person of a rehearsal. Each wait is acted on at most `times` times."""

    def __init__(self, act: Callable[[Step, Waiting], Awaitable[bool]], *, times: int = 3) -> None:
        self._act = act
        self._times = times
        self._seen: dict[str, int] = {}

    async def wait(self, step: Step, waiting: Waiting) -> bool:
        """Act, and look again."""
        self._seen[step.id] = self._seen.get(step.id, 0) + 1
        return self._seen[step.id] <= self._times and await self._act(step, waiting)
