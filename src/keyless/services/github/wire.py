"""The way to GitHub that every topic shares: retries, pages, renamed repositories, pauses between writes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

import httpx

from keyless.errors import KeylessError
from keyless.model.reading import Found, Unreadable
from keyless.model.realm import Addresses, Realm
from keyless.secret import Secret
from keyless.services.github import refusals
from keyless.services.github.client import Client, Parameters, Reply, Value
from keyless.services.ports import Clock
from keyless.services.retry import Call, persist

T = TypeVar("T")
P = TypeVar("P")

SERVICE: Final = "GitHub"
BETWEEN_WRITES: Final = 1.0
_MOST_REDIRECTS, _MOST_PAGES = 3, 500


class Wire:
    """Reads and writes on GitHub. Enter it once, in the parent task (githubkit keeps its client in a context)."""

    def __init__(
        self,
        addresses: Addresses,
        token: Secret,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None,
        sent: Callable[[], None],
    ) -> None:
        """`sent` is called for every request that goes out."""
        self.web = addresses.github_web
        self.client = Client(addresses, token, clock, transport, sent)
        self._clock = clock
        self._pauses = addresses.realm is Realm.REAL
        self._writing = asyncio.Lock()
        self._last_write: datetime | None = None

    async def get(self, path: str, model: type[T], params: Parameters | None = None) -> Reply[T]:
        """Return GitHub's answer to a GET, following a renamed repository on GitHub's own host only."""
        reply = await self._get(path, model, params)
        for _ in range(_MOST_REDIRECTS):
            target = self._redirect(reply.response, params)
            if target is None:
                break
            reply = await self._get(target, model, None)
        return reply

    async def _get(self, path: str, model: type[T], params: Parameters | None) -> Reply[T]:
        return await persist(
            lambda: self.client.send("GET", path, model, params=params), Call.READ, self._clock, SERVICE
        )

    def _redirect(self, response: httpx.Response, params: Parameters | None) -> str | None:
        if not response.has_redirect_location:
            return None
        base = self.client.base
        target = base.join(response.headers["location"])
        if (target.scheme, target.host, target.port) != (base.scheme, base.host, base.port):
            return None
        return str(target if target.query or not params else target.copy_merge_params(dict(params)))

    async def read(
        self, path: str, model: type[T], what: str, params: Parameters | None = None
    ) -> Found[T] | Unreadable:
        """Return what GitHub says, or that it cannot be read; a 404 is never taken for "is not there" (S11)."""
        reply = await self.get(path, model, params)
        return unreadable(reply, what) if reply.value is None else Found(reply.value)

    async def pages(
        self,
        path: str,
        model: type[P],
        items: Callable[[P], Sequence[T]],
        what: str,
        params: Parameters | None = None,
    ) -> Found[tuple[T, ...]] | Unreadable:
        """Return the items of all pages; when one page cannot be read, the whole cannot."""
        gathered: list[T] = []
        for number in range(1, _MOST_PAGES + 1):
            reply = await self.get(path, model, {**(params or {}), "per_page": 100, "page": number})
            if reply.value is None:
                return unreadable(reply, what)
            gathered.extend(items(reply.value))
            if "next" not in reply.response.links:
                return Found(tuple(gathered))
        return Unreadable(what, f"more than {_MOST_PAGES} pages")

    async def write(
        self, method: str, path: str, call: Call, body: Mapping[str, Value] | None = None, model: type[T] | None = None
    ) -> Reply[T]:
        """Send a change and return GitHub's answer, a refusal included. Redirects are not followed: see `refused`."""

        async def once() -> Reply[T]:
            async with self._pace():
                return await self.client.send(method, path, model, body=body)

        return await persist(once, call, self._clock, SERVICE)

    async def query(self, text: str, variables: Mapping[str, Value], model: type[T]) -> T:
        """Return the data of a GraphQL query. Raises GraphQLRefused when it answers with errors."""
        return await persist(
            lambda: self.client.query(text, variables, model, changes=False), Call.READ, self._clock, SERVICE
        )

    async def mutate(self, text: str, variables: Mapping[str, Value], model: type[T]) -> T:
        """Return the data of a GraphQL mutation that creates something. Raises GraphQLRefused likewise."""

        async def once() -> T:
            async with self._pace():
                return await self.client.query(text, variables, model, changes=True)

        return await persist(once, Call.CREATE, self._clock, SERVICE)

    def refused(self, reply: Reply[T], doing: str) -> KeylessError:
        """Return the error for a change that was refused; `doing` completes "GitHub refuses to …"."""
        return refusals.write_refused(reply.response, doing, self.web)

    @contextlib.asynccontextmanager
    async def _pace(self) -> AsyncIterator[None]:
        """Let one write through at a time, a second or more after the last one ended; a rehearsal need not wait."""
        async with self._writing:
            if self._pauses and self._last_write is not None:
                passed = max(0.0, (self._clock.now() - self._last_write).total_seconds())
                if passed < BETWEEN_WRITES:
                    await self._clock.sleep(BETWEEN_WRITES - passed)
            try:
                yield
            finally:
                self._last_write = self._clock.now()


def unreadable(reply: Reply[T], what: str) -> Unreadable:
    """Say why `what` could not be read."""
    return Unreadable(what, refusals.unreadable_because(reply.response), refusals.missing_permission(reply.response))


class Topic:
    """One group of GitHub's functions over a shared wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
