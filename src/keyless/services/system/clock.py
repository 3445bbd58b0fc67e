"""Time: never earlier than any moment that was seen, so that a clock set back does not lengthen a lease (R13)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from keyless.services.ports import Clock


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
        self._floor, self._floor_at = local(), monotonic()
        if last_seen is not None:
            self.saw(last_seen)

    def now(self) -> datetime:
        """Return the present (UTC)."""
        return max(self._local(), self._least())

    def saw(self, moment: datetime) -> None:
        """Remember a time that a service or the journal stated; an earlier one than is known changes nothing."""
        if moment > self._least():
            self._floor, self._floor_at = moment.astimezone(UTC), self._monotonic()

    def _least(self) -> datetime:
        """The latest moment that was seen, and what has passed since then."""
        return self._floor + timedelta(seconds=self._monotonic() - self._floor_at)

    async def sleep(self, seconds: float) -> None:
        """Wait; a negative time is none."""
        import asyncio  # `keyless status` only asks the time, and its start is measured

        await asyncio.sleep(max(0.0, seconds))
