"""Behind a company's proxy with a certificate authority of its own: every client goes through the one and trusts the other.

And without that authority none of them says a word: TLS is never off.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from keyless.errors import KeylessError
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.realm import REAL
from keyless.secret import Secret
from keyless.services.github import GitHubService
from keyless.services.indexes import IndexService
from keyless.services.sigstore import roots
from tests.rehearsal.index.serving import Served, serving
from tests.services.clocks import StandingClock

CLOCK = StandingClock(datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Served, list[str]]]:
    """A proxy that leads every host to one program, and the names of the hosts that were asked for there."""
    asked: list[str] = []

    async def answer(request: Request) -> JSONResponse:
        asked.append(request.headers["host"])
        return JSONResponse({"message": "Not Found"}, 404)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or "CA_BUNDLE" in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with serving({"": app}, tmp_path) as served:
        monkeypatch.setenv("HTTPS_PROXY", served.proxy)
        yield served, asked


async def pypi() -> None:
    async with IndexService(Index.PYPI, REAL, CLOCK) as index:
        await index.versions("sample")


async def probe() -> None:
    async with IndexService(Index.PYPI, REAL, CLOCK) as index:
        await index.probe(Secret("pypi-" + "A" * 180))


async def github() -> None:
    async with GitHubService(REAL, Secret("ghp_" + "a" * 36), CLOCK) as service:
        await service.repository(Repository("acme", "widget"))


async def tuf() -> None:
    assert roots._refreshed() is None


CLIENTS = [
    (pypi, "pypi.org"),
    (probe, "upload.pypi.org"),
    (github, "api.github.com"),
    (tuf, "tuf-repo-cdn.sigstore.dev"),
]


def run(client: Callable[[], Awaitable[Any]]) -> None:
    with suppress(KeylessError):  # what is said of the answer is tested elsewhere; here only who was asked
        asyncio.run(client())  # type: ignore[arg-type]


@pytest.mark.parametrize(("client", "host"), CLIENTS)
def test_the_proxy_is_used_and_the_authority_is_trusted(
    company: tuple[Served, list[str]], monkeypatch: pytest.MonkeyPatch, client: Callable[[], Awaitable[Any]], host: str
) -> None:
    served, asked = company
    monkeypatch.setenv("SSL_CERT_FILE", str(served.authority))
    run(client)
    assert set(asked) == {host}


@pytest.mark.parametrize(("client", "host"), CLIENTS)
def test_an_authority_that_is_not_trusted_is_told_nothing(
    company: tuple[Served, list[str]], client: Callable[[], Awaitable[Any]], host: str
) -> None:
    """Whatever stands between and has another certificate gets no request at all, so no credential either."""
    _, asked = company
    run(client)
    assert asked == []
