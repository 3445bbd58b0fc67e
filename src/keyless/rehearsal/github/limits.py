"""Rate limits: the primary quota of an hour, and the secondary limits on what happens within a minute."""

from __future__ import annotations

from dataclasses import dataclass

from keyless.rehearsal.store import Document, Store

QUOTA, MINUTE, SWITCH = "github-quota", "github-minute", "github-limit-switch"
HOUR = 3600
PER_HOUR, PER_HOUR_UNKNOWN = 5000, 60
REST_POINTS, GRAPHQL_POINTS, CREATIONS = 900, 2000, 80


@dataclass(frozen=True, slots=True)
class Quota:
    """What the x-ratelimit-* headers say: `reset` in seconds since 1970."""

    resource: str
    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of every answer."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.limit - self.remaining),
            "X-RateLimit-Reset": str(self.reset),
            "X-RateLimit-Resource": self.resource,
        }


@dataclass(frozen=True, slots=True)
class Secondary:
    """A secondary limit that was hit: the status to answer with, and the seconds to wait if they are told."""

    status: int
    retry_after: int | None


def quota(store: Store, login: str | None, resource: str = "core") -> Quota:
    """Return what is left for a person (None: not signed in) in this hour."""
    now = int(store.now().timestamp())
    full = PER_HOUR if login else PER_HOUR_UNKNOWN
    found = store.get(QUOTA, _key(login, resource))
    if found is None or found["reset"] <= now:
        found = {"limit": full, "remaining": full, "reset": now + HOUR}
    return Quota(resource, found["limit"], found["remaining"], found["reset"])


def spend(store: Store, login: str | None, resource: str = "core", cost: int = 1) -> Quota | None:
    """Take `cost` from the quota and return what is left; None when there was not enough."""
    with store.transaction():
        left = quota(store, login, resource)
        if left.remaining < cost:
            return None
        now_left = Quota(resource, left.limit, left.remaining - cost, left.reset)
        document: Document = {"limit": now_left.limit, "remaining": now_left.remaining, "reset": now_left.reset}
        store.put(QUOTA, _key(login, resource), document)
    return now_left


def set_rate_limit(
    store: Store,
    login: str,
    *,
    remaining: int,
    reset_in: float = HOUR,
    limit: int = PER_HOUR,
    resource: str = "core",
    status: int = 403,
) -> None:
    """Set a person's primary quota; at 0 every request is refused with `status` until `reset_in` seconds passed."""
    reset = int(store.now().timestamp() + reset_in)
    store.put(QUOTA, _key(login, resource), {"limit": limit, "remaining": remaining, "reset": reset})
    store.put(SWITCH, "primary", {"status": status})


def primary_status(store: Store) -> int:
    """Return the status that an exhausted quota answers with: GitHub uses 403 and 429."""
    status: int = (store.get(SWITCH, "primary") or {"status": 403})["status"]
    return status


def set_secondary_limit(
    store: Store, *, times: int = 1, status: int = 403, retry_after: int | None = None, writes_only: bool = False
) -> None:
    """Refuse the next `times` requests (-1: all, 0: none again) with the secondary limit's message."""
    document: Document = {"times": times, "status": status, "retry_after": retry_after, "writes_only": writes_only}
    store.put(SWITCH, "secondary", document)


def lift_minute_limits(store: Store) -> None:
    """Stop counting what happens within a minute, for tests that send more than a person would."""
    store.put(SWITCH, "minute", {"lifted": True})


def secondary(store: Store, login: str | None, *, points: int, graphql: bool, creates: bool) -> Secondary | None:
    """Count a request; return the secondary limit that it hits, if it does."""
    with store.transaction():
        return _switched(store, points) or _counted(store, login, points=points, graphql=graphql, creates=creates)


def _switched(store: Store, points: int) -> Secondary | None:
    switch = store.get(SWITCH, "secondary")
    if not switch or switch["times"] == 0 or (switch["writes_only"] and points == 1):
        return None
    if switch["times"] > 0:
        store.put(SWITCH, "secondary", switch | {"times": switch["times"] - 1})
    return Secondary(switch["status"], switch["retry_after"])


def _counted(store: Store, login: str | None, *, points: int, graphql: bool, creates: bool) -> Secondary | None:
    if store.get(SWITCH, "minute"):
        return None
    now = store.now().timestamp()
    key = (login or "").lower()
    counts = store.get(MINUTE, key)
    if counts is None or counts["since"] + 60 <= now:
        counts = {"since": now, "rest": 0, "graphql": 0, "creations": 0}
    counts["graphql" if graphql else "rest"] += points
    counts["creations"] += creates
    store.put(MINUTE, key, counts)
    if counts["rest"] <= REST_POINTS and counts["graphql"] <= GRAPHQL_POINTS and counts["creations"] <= CREATIONS:
        return None
    return Secondary(403, max(1, int(counts["since"] + 60 - now)))


def _key(login: str | None, resource: str) -> str:
    return f"{resource}/{(login or '').lower()}"
