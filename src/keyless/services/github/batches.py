"""Many git objects of a repository in one GraphQL request, by aliases (facts/github.md: 50 of them cost one point).

A batch only saves requests: whoever asks goes on one by one over REST for what a batch did not bring.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import BaseModel, Field

from keyless.errors import TryLater
from keyless.model.github import Repository
from keyless.services.github.client import GraphQLRefused
from keyless.services.github.wire import Topic

AT_ONCE: Final = 50
_SHA: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


class _Object(BaseModel):
    kind: str = Field(alias="__typename")
    oid: str
    text: str | None = None


class _Answer(BaseModel):
    repository: dict[str, _Object | None]


class Batches(Topic):
    """Asks for git objects fifty at a time."""

    async def _folder_ids(self, repository: Repository, commits: Sequence[str], path: str) -> Mapping[str, str | None]:
        """Return the id of the folder `path` at each commit that there is, None where the commit has no such folder."""
        found: dict[str, str | None] = {}
        for some in _chunks(commits):
            wanted = [f'object(expression: "{commit}:{path}") {{ __typename oid }}' for commit in some]
            for commit, one in zip(some, await self._ask(repository, wanted), strict=False):
                found[commit] = one.oid if one is not None and one.kind == "Tree" else None
        return found

    async def _texts(self, repository: Repository, blobs: Sequence[str]) -> Mapping[str, bytes]:
        """Return blobs as GraphQL's text of them, which need not be their bytes: the caller compares with the id."""
        found: dict[str, bytes] = {}
        for some in _chunks(blobs):
            wanted = [f'object(oid: "{blob}") {{ __typename oid ... on Blob {{ text }} }}' for blob in some]
            for one in await self._ask(repository, wanted):
                if one is not None and one.text is not None:
                    found[one.oid] = one.text.encode()
        return found

    async def _ask(self, repository: Repository, wanted: Sequence[str]) -> Sequence[_Object | None]:
        """Return the objects in order, or nothing at all when GraphQL does not answer all of them."""
        fields = " ".join(f"o{number}: {each}" for number, each in enumerate(wanted))
        query = f"query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) {{ {fields} }} }}"
        try:
            answer = await self._wire.query(query, {"owner": repository.owner, "name": repository.name}, _Answer)
        except GraphQLRefused:
            return ()
        except TryLater as error:
            if error.retry_at is not None:
                raise
            return ()  # too much for one answer, perhaps
        return [answer.repository.get(f"o{number}") for number in range(len(wanted))]


def _chunks(shas: Sequence[str]) -> Iterator[Sequence[str]]:
    plain = [sha for sha in shas if _SHA.fullmatch(sha)]  # they stand in the query's text
    for start in range(0, len(plain), AT_ONCE):
        yield plain[start : start + AT_ONCE]
