"""GitHub, through githubkit. Importing this package imports githubkit: do it where GitHub is needed, not before."""

from __future__ import annotations

from types import TracebackType

import httpx

from keyless.model.realm import Addresses
from keyless.secret import Secret
from keyless.services.github.branches import Branches
from keyless.services.github.owned import Owned
from keyless.services.github.proposals import Proposals
from keyless.services.github.repositories import Repositories
from keyless.services.github.runs import Runs
from keyless.services.github.secret_stores import SecretStores
from keyless.services.github.wire import Wire
from keyless.services.ports import Clock, GitHub

__all__ = ["GitHubService"]


class GitHubService(Repositories, Owned, Branches, Proposals, SecretStores, Runs, GitHub):
    """The port `GitHub` over the real service or a simulated one: `transport` is the seam for the latter.

    Enter it once (`async with`), in the task that starts all others that use it.
    """

    def __init__(
        self, addresses: Addresses, token: Secret, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.requests = 0
        super().__init__(Wire(addresses, token, clock, transport, self._count))

    def _count(self) -> None:
        self.requests += 1

    async def __aenter__(self) -> GitHubService:
        await self._wire.client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.client.__aexit__(kind, error, trace)
