"""Run keyless, and have its own process killed with SIGKILL at one exact place of one step.

`python -m tests.crash.killer PLACE STEP ARGUMENTS…`: PLACE is before-intent, after-intent, after-effect or after-outcome;
STEP the step's id. Without a match the run ends as it would.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from keyless.__main__ import main
from keyless.journal import Journal
from keyless.steps import registry

PLACES = ("before-intent", "after-intent", "after-effect", "after-outcome")


def die() -> None:
    """Be gone, with no clean-up of any kind."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(place: str, wanted: str) -> None:
    """Put the trap in its place."""
    intend, done, performers = Journal.intend, Journal.done, registry.performers

    def intending(self: Journal, journey: str, phase: Any, step: str, now: Any) -> None:
        if step == wanted and place == "before-intent":
            die()
        intend(self, journey, phase, step, now)
        if step == wanted and place == "after-intent":
            die()

    def finishing(self: Journal, journey: str, phase: Any, step: str, now: Any, evidence: Any) -> None:
        if step == wanted and place == "before-intent":
            die()  # a step that never acts has no intent; its outcome is its first trace
        done(self, journey, phase, step, now, evidence)
        if step == wanted and place == "after-outcome":
            die()

    def trapped(*arguments: Any) -> Any:
        table = dict(performers(*arguments))
        return {kind: _Trap(performer, wanted, place) for kind, performer in table.items()}

    Journal.intend, Journal.done = intending, finishing  # type: ignore[method-assign]
    registry.performers = trapped
    from keyless.journeys import desk

    desk.performers = trapped


class _Trap:
    def __init__(self, performer: Any, wanted: str, place: str) -> None:
        self._performer, self._wanted, self._place = performer, wanted, place

    async def check(self, step: Any, record: Any) -> Any:
        return await self._performer.check(step, record)

    async def act(self, step: Any) -> None:
        await self._performer.act(step)
        if step.id == self._wanted and self._place == "after-effect":
            die()

    async def confirm(self, step: Any) -> Any:
        return await self._performer.confirm(step)


if __name__ == "__main__":
    arm(sys.argv[1], sys.argv[2])
    sys.argv = ["keyless", *sys.argv[3:]]
    sys.exit(main())
