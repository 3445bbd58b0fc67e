"""An answer that never ends is no answer: each attempt has a deadline as a whole, by the kind of call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from keyless.errors import TryLater
from keyless.model.index import Index
from keyless.model.reading import Unreadable
from keyless.services import retry
from keyless.services.indexes import IndexService
from keyless.services.retry import POLICIES, Call, LostReply, persist
from tests.services.clocks import StandingClock
from tests.services.github.worlds import ADDRESSES

CLOCK = StandingClock(datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = {kind: replace(policy, deadline=0.02) for kind, policy in POLICIES.items()}
    monkeypatch.setattr(retry, "POLICIES", quick)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("kind", list(Call))
def test_what_is_never_done_ends_after_its_attempts(kind: Call) -> None:
    """A read is given up; a change may have been made, so it is looked for again and never simply repeated for ever."""
    tries = 0

    async def never() -> None:
        nonlocal tries
        tries += 1
        await asyncio.sleep(3600)

    with pytest.raises(TryLater) as ended:
        asyncio.run(persist(never, kind, CLOCK, "GitHub"))
    assert isinstance(ended.value, LostReply) is (kind is not Call.READ)
    assert tries == (1 if kind is Call.CREATE else POLICIES[kind].attempts)
    assert "within" in ended.value.what


@pytest.mark.usefixtures("hurried")
def test_a_body_that_comes_byte_by_byte_is_not_waited_for() -> None:
    """Each byte comes in time, and the whole never does."""

    class Trickle(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0.005)

    async def ask() -> object:
        transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=Trickle()))
        async with IndexService(Index.PYPI, ADDRESSES, CLOCK, transport) as index:
            return await index.versions("sample")

    found = asyncio.run(asyncio.wait_for(ask(), 20))
    assert isinstance(found, Unreadable)
    assert "within" in found.because


def test_a_stop_from_outside_is_no_deadline() -> None:
    """Ctrl-C and SIGTERM end the wait at once."""

    async def never() -> None:
        await asyncio.sleep(3600)

    async def stopped() -> None:
        task = asyncio.create_task(persist(never, Call.READ, CLOCK, "GitHub"))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())
