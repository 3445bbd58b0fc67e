"""Time: never earlier than any moment that was seen, so that a clock set back does not lengthen a lease (R13).

One service with a wrong clock must not end every lease either. So what a single service states more than a day ahead is
believed only once another one agrees, or where the local clock is known to be wrong because it lies behind the last time
seen. Nor is a local clock that the services contradict remembered for later runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from keyless.services.ports import Clock

CREDIBLE: Final = timedelta(days=1)
"""How far ahead a time may be that only one voice states; two services agree when they differ by no more."""
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def local_now() -> datetime:
    """Return the machine's time (UTC)."""
    return datetime.now(UTC)


class SystemClock(Clock):
    """The latest of the local clock, the last time seen (from the journal) and the services' `Date` headers.

    A moment that is ahead of the local clock goes on from there at the pace of the monotonic clock.
    """

    def __init__(
        self,
        last_seen: datetime | None = None,
        *,
        local: Callable[[], datetime] = local_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local = local
        self._monotonic = monotonic
        self._start = monotonic()
        present = local()
        self._seen = _NEVER if last_seen is None else last_seen.astimezone(UTC)
        self._local_is_wrong = self._seen - present > CREDIBLE
        self._at_first = max(present, self._seen)
        self._stated: dict[str, datetime] = {}

    def now(self) -> datetime:
        """Return the present (UTC)."""
        return max(self._local(), self._going_on(self._at_first), self._going_on(self._seen))

    def saw(self, moment: datetime, source: str = "") -> None:
        """Remember a time that a service stated; `source` names the service. An earlier one than is known changes nothing."""
        stated = moment.astimezone(UTC) - self._passed()
        self._stated[source] = max(stated, self._stated.get(source, stated))
        if moment - self.now() <= CREDIBLE or self._local_is_wrong:
            self._seen = max(self._seen, stated)
            return
        others = [other for name, other in self._stated.items() if name != source]
        agreeing = [min(stated, other) for other in others if abs(stated - other) <= CREDIBLE]
        self._seen = max([self._seen, *agreeing])

    def lasting(self) -> datetime:
        """Return the time to remember for later runs: not that of a local clock which is a day ahead of all services."""
        stated = max(self._stated.values(), default=None)
        if stated is None or self.now() - self._going_on(stated) <= CREDIBLE:
            return self.now()
        return self._going_on(max(stated, self._seen))

    def _passed(self) -> timedelta:
        return timedelta(seconds=self._monotonic() - self._start)

    def _going_on(self, at_start: datetime) -> datetime:
        """Return a moment of this run's start, and what has passed since then."""
        return at_start + self._passed()

    async def sleep(self, seconds: float) -> None:
        """Wait; a negative time is none."""
        import asyncio  # `keyless status` only asks the time, and its start is measured

        await asyncio.sleep(max(0.0, seconds))
