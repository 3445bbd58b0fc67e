"""The client of a served rehearsal's control application: time, releases, and the hands of the world's people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from keyless.errors import UsageError
from keyless.model.codec import Json, encode
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import Step
from keyless.secret import Secret


class Helper:
    """Asks the rehearsal that answers at `url` to do things. Every method raises UsageError with what it refuses."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def carry_out(self, step: Step) -> bool:
        """Have the right person do what `step` waits for; return whether there was anything that a person could do."""
        said = await self._post("/person", {"action": "carry-out", "step": encode(step)})
        return bool(said["done"])

    async def issue_token(self, link: str, login: str) -> Secret:
        """Have `login` issue a token by this link."""
        said = await self._post("/person", {"action": "issue-token", "link": link, "login": login})
        return Secret(str(said["token"]))

    async def release(self, repository: Repository, index: Index, *, project: str | None = None) -> None:
        """Have the operator make a release. Whether it succeeds is for the index to show."""
        await self._post("/release", {"repository": str(repository), "index": index.value, "project": project})

    async def advance(self, seconds: float) -> datetime:
        """Let time pass; return the rehearsal's time then (UTC)."""
        said = await self._post("/advance", {"seconds": seconds})
        return datetime.fromisoformat(str(said["now"]))

    async def _post(self, path: str, body: Mapping[str, Json]) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            try:
                answer = await client.post(f"{self._url}{path}", json=body)
            except httpx.TransportError as error:
                raise UsageError(f"The rehearsal at {self._url} does not answer ({type(error).__name__}).") from error
        said: dict[str, Any] = answer.json()
        if answer.status_code != httpx.codes.OK:
            raise UsageError(f"The rehearsal refuses: {said.get('message', answer.status_code)}")
        return said
