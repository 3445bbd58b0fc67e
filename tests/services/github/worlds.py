"""A small simulated GitHub, and keyless's adapter over it; every exchange is held against GitHub's own description."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from keyless.model.github import Repository
from keyless.model.realm import Addresses, IndexAddresses, Realm
from keyless.rehearsal.faults import Fault, FaultKind, Faulty, set_fault
from keyless.rehearsal.github import state
from keyless.rehearsal.github.app import github_app
from keyless.rehearsal.store import Store
from keyless.rehearsal.transport import InProcess
from keyless.secret import Secret
from keyless.services.github import GitHubService
from tests.contract.checked import CheckedApp
from tests.services.clocks import StandingClock

T = TypeVar("T")

TOKEN = "ghp_" + "k3yl3ss" * 5 + "A"
FINE = "github_pat_" + "11ABCDE0" * 10 + "xy"
REPOSITORY = Repository("octo", "sampleproj")
WORKFLOW = b"on: push\r\njobs: {}\r\n"
FILES = {
    ".github/workflows/release.yml": WORKFLOW,
    ".github/workflows/test.yml": b"on: pull_request\njobs: {}\n",
    ".github/actions/build/action.yml": b"runs: {using: composite, steps: []}\n",
    ".github/dependabot.yml": b"version: 2\n",
    "tools/release.sh": "#!/bin/sh\n# façade\n".encode(),
    "README.md": b"# sampleproj\n",
}
ADDRESSES = Addresses(
    realm=Realm.REHEARSAL,
    github_api="https://api.github.rehearsal",
    github_web="https://github.rehearsal",
    pypi=IndexAddresses("https://pypi.rehearsal", "https://pypi.rehearsal/legacy/"),
    testpypi=IndexAddresses("https://test.pypi.rehearsal", "https://test.pypi.rehearsal/legacy/"),
)


@dataclass
class World:
    """octo owns sampleproj; `acme` is an organisation with two repositories, of which octo is an admin."""

    store: Store
    clock: StandingClock
    sent: int = 0

    def do(self, action: Callable[[GitHubService], Awaitable[T]], token: str = TOKEN) -> T:
        """Run one action of the adapter against the simulation and return what it returns."""

        async def run() -> T:
            checked = CheckedApp(github_app(self.store))
            transport = InProcess({"api.github.rehearsal": Faulty(checked, self.store, "github")})
            async with GitHubService(ADDRESSES, Secret(token), self.clock, transport) as github:
                try:
                    return await action(github)
                finally:
                    self.sent = github.requests
                    assert checked.wrong == []

        return asyncio.run(run())

    def break_(self, kind: FaultKind, method: str = "*", path: str = "*", times: int = 1, **more: Any) -> None:
        """Make the next requests of this method and path fail."""
        set_fault(self.store, Fault(kind, "github", method, path, times, **more))

    def fine_grained(self, **permissions: str) -> str:
        """Give octo a fine-grained token with these permissions."""
        state.create_token(self.store, "octo", FINE, kind="fine-grained", permissions=permissions)
        return FINE


def serve(
    handle: Callable[[httpx.Request], httpx.Response],
    action: Callable[[GitHubService], Awaitable[T]],
    *,
    addresses: Addresses = ADDRESSES,
    clock: StandingClock | None = None,
) -> tuple[T, int]:
    """Run one action of the adapter against hand-made answers; return what it returns and how many requests it took."""

    async def run():
        service = GitHubService(addresses, Secret(TOKEN), clock or StandingClock(), httpx.MockTransport(handle))
        async with service as github:
            return await action(github), github.requests

    return asyncio.run(run())


@contextmanager
def world() -> Iterator[World]:
    store = Store()
    state.create_user(store, "octo", TOKEN)
    state.create_repository(store, "octo", "sampleproj", files=FILES)
    state.create_organisation(store, "acme", members={"octo": "admin"})
    for name in ("alpha", "beta"):
        state.create_repository(store, "acme", name, owner_is_organisation=True, files=FILES, members={"octo": "admin"})
    try:
        yield World(store, StandingClock(store.now()))
    finally:
        store.close()
