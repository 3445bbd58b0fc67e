"""A clock that stands still until somebody sleeps, and remembers how long they did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 14, 12, 0, 0, tzinfo=UTC)


class StandingClock:
    """The port `Clock`. `slept` holds every pause in seconds; `seen` what services stated."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self.slept: list[float] = []
        self.seen: list[datetime] = []

    def now(self) -> datetime:
        return self._now

    def saw(self, moment: datetime, source: str = "") -> None:
        self.seen.append(moment)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += timedelta(seconds=seconds)
