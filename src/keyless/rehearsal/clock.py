"""The rehearsal's time as a Clock port: it passes when the rehearsal says so, and nobody waits."""

from __future__ import annotations

from datetime import datetime

from keyless.rehearsal.store import Store
from keyless.services.ports import Clock


class RehearsalClock(Clock):
    """Reads the world's clock, which its services stamp on their answers too."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def now(self) -> datetime:
        """Return the world's time (UTC)."""
        return self._store.now()

    def saw(self, moment: datetime, source: str = "") -> None:
        """Nothing: there is no second clock here."""

    async def sleep(self, seconds: float) -> None:
        """Let the world's time pass instead of waiting."""
        self._store.advance(seconds)
