"""Times as GitHub writes them: whole seconds, UTC, `2026-01-31T12:00:00Z`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from keyless.rehearsal.store import Store


def text(moment: datetime) -> str:
    """Return `moment` as GitHub's JSON writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(written: str) -> datetime:
    """Return the time (UTC) that GitHub's JSON wrote."""
    return datetime.fromisoformat(written)


def now(store: Store) -> str:
    """Return the rehearsal's time as text."""
    return text(store.now())


def later(store: Store, previous: str) -> str:
    """Return now, or a second after `previous` if that is later: each change of a thing shows in its time."""
    return text(max(store.now(), moment(previous) + timedelta(seconds=1)))
