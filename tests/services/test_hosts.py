"""S7: a credential goes to the one address that it is for, and along no redirect; nobody else is talked to at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from keyless.model.index import Index
from keyless.model.token import Life
from keyless.secret import Secret
from keyless.services.indexes import IndexService
from tests.services.clocks import StandingClock
from tests.services.github.worlds import ADDRESSES
from tests.staging import Scene
from tests.tokens.conftest import PROJECT_TOKEN

OWN = {"api.github.rehearsal", "pypi.rehearsal", "test.pypi.rehearsal"}


class Noting(httpx.AsyncBaseTransport):
    """Answers with `answer`, or passes on to `inner`; keeps each request's address and authorisation."""

    def __init__(self, answer: httpx.Response | None = None, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self.answer, self.inner = answer, inner
        self.seen: list[tuple[httpx.URL, str | None]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.url, request.headers.get("authorization")))
        if self.inner is not None:
            return await self.inner.handle_async_request(request)
        assert self.answer is not None
        return self.answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/legacy/", "https://pypi.rehearsal/other", "//evil/", "?x"]
)
def test_a_probe_sends_its_token_once_and_follows_nothing(status: int, target: str) -> None:
    transport = Noting(httpx.Response(status, headers={"location": target}))

    async def probe() -> Life:
        async with IndexService(Index.PYPI, ADDRESSES, StandingClock(), transport) as index:
            return (await index.probe(PROJECT_TOKEN)).life

    assert asyncio.run(probe()) is Life.UNKNOWN
    assert [str(url) for url, _ in transport.seen] == [ADDRESSES.pypi.upload]


def test_reading_an_index_needs_no_credential_and_sends_none() -> None:
    transport = Noting(httpx.Response(404))

    async def reading() -> None:
        async with IndexService(Index.TESTPYPI, ADDRESSES, StandingClock(), transport) as index:
            await index.versions("widget")
            await index.provenance("widget", "1", "widget-1.tar.gz")

    asyncio.run(reading())
    assert len(transport.seen) == 2
    assert all(authorisation is None for _, authorisation in transport.seen)


def test_a_whole_journey_talks_to_three_hosts_and_gives_each_its_own_credential(scene: Callable[..., Scene]) -> None:
    play, seen = scene(), []

    def between(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        seen.append(Noting(inner=inner))
        return seen[-1]

    play.between = between
    play.migrate()
    play.rollback()
    sent = [(url, authorisation) for one in seen for url, authorisation in one.seen]
    assert {url.host for url, _ in sent} == OWN
    for url, authorisation in sent:
        if url.host == "api.github.rehearsal":
            assert authorisation is None or authorisation.startswith(("Bearer ", "token "))
        elif authorisation is not None:
            assert url.path == "/legacy/"
            assert authorisation.startswith("Basic ")
    probed = {url.host for url, authorisation in sent if authorisation and url.path == "/legacy/"}
    assert probed == {"pypi.rehearsal", "test.pypi.rehearsal"}


def test_a_token_that_is_no_token_is_still_not_shown_by_a_failing_probe() -> None:
    transport = Noting(httpx.Response(500))

    async def probe() -> str:
        async with IndexService(Index.PYPI, ADDRESSES, StandingClock(), transport) as index:
            return (await index.probe(Secret("not a token"))).because

    assert "not a token" not in asyncio.run(probe())
