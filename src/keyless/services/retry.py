"""How often a call to a service is tried, by what a second try could do: read, replace, delete or create.

A service that limits us is waited for as long as it says, up to the policy's patience; after that the caller gets
`TryLater` with the moment from which it makes sense. Waiting goes through the `Clock` port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, TypeVar

from keyless.errors import TryLater
from keyless.services.ports import Clock

T = TypeVar("T")

FIRST_PAUSE: Final = 0.5
LIMIT_PAUSE: Final = 60.0
"""Seconds to wait for a limit that does not say how long (facts: at least a minute)."""


class Call(Enum):
    """What kind of call it is. REPLACE: sending it twice equals once. CREATE: a second one would make a second thing."""

    READ = "read"
    REPLACE = "replace"
    DELETE = "delete"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Policy:
    """`attempts` in all, `patience` in seconds of waiting in all, `in_doubt`: also when the effect may have happened.

    `deadline`: seconds for one attempt as a whole, its body included; a timeout between two bytes ends no trickle.
    """

    attempts: int
    patience: float
    in_doubt: bool
    deadline: float


POLICIES: Final = {
    # The longest: the simple pages of the largest projects have megabytes.
    Call.READ: Policy(attempts=4, patience=30, in_doubt=True, deadline=90),
    Call.REPLACE: Policy(attempts=3, patience=30, in_doubt=True, deadline=45),
    # A deletion is repeated once only: the longer it takes, the likelier that somebody made a new one of that name.
    Call.DELETE: Policy(attempts=2, patience=30, in_doubt=True, deadline=45),
    Call.CREATE: Policy(attempts=3, patience=30, in_doubt=False, deadline=45),
}


class Trouble(Exception):
    """One try that gave no answer. It stays inside the services: `persist` turns it into a `TryLater`.

    `in_doubt`: the request may have had its effect. `until` (UTC): the service asks to wait that long. `limited`: it
    was refused for its rate, so it had no effect.
    """

    def __init__(self, because: str, *, in_doubt: bool, limited: bool = False, until: datetime | None = None) -> None:
        super().__init__(because)
        self.because, self.in_doubt, self.limited, self.until = because, in_doubt, limited, until


class LostReply(TryLater):
    """A change was sent and no answer came: whether it was made can only be seen by looking again."""


async def persist(call: Callable[[], Awaitable[T]], kind: Call, clock: Clock, service: str) -> T:
    """Return what `call` returns, trying again after a `Trouble` as the policy of `kind` allows.

    Raises TryLater when the service gave no answer, LostReply when a change may have been made all the same.
    """
    policy, waited, tries = POLICIES[kind], 0.0, 0
    while True:
        tries += 1
        try:
            return await _in_time(call, policy.deadline)
        except Trouble as trouble:
            pause = _pause(trouble, tries, clock.now())
            doubtful = trouble.in_doubt and not policy.in_doubt
            if tries >= policy.attempts or doubtful or waited + pause > policy.patience:
                raise _given_up(trouble, kind, service, clock.now() + timedelta(seconds=pause)) from trouble
        waited += pause
        await clock.sleep(pause)


async def _in_time(call: Callable[[], Awaitable[T]], deadline: float) -> T:
    """Return what one attempt returns. Raises Trouble when it takes longer: it may have had its effect."""
    try:
        async with asyncio.timeout(deadline):
            return await call()
    except TimeoutError:
        raise Trouble(f"it was not done within {deadline:.0f} seconds", in_doubt=True) from None


def _pause(trouble: Trouble, tries: int, now: datetime) -> float:
    if trouble.until is not None:
        return max(FIRST_PAUSE, (trouble.until - now).total_seconds())
    return LIMIT_PAUSE if trouble.limited else FIRST_PAUSE * 2 ** (tries - 1)


def _given_up(trouble: Trouble, kind: Call, service: str, later: datetime) -> TryLater:
    if kind is not Call.READ and trouble.in_doubt:
        return LostReply(
            f"{service} gave no answer to a change: {trouble.because}.",
            untouched="Whether the change was made is not known.",
            hint="Run the same command again: it looks first.",
        )
    if trouble.limited:
        moment = later.isoformat(timespec="seconds").replace("+00:00", "Z")
        return TryLater(
            f"{service} limits how much may be asked: {trouble.because}.",
            hint=f"Run the same command again after {moment}: it goes on from here.",
            retry_at=moment,
        )
    return TryLater(
        f"{service} gave no usable answer: {trouble.because}.",
        hint="Run the same command again later: it goes on from here.",
    )
