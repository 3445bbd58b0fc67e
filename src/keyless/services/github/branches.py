"""Branches with their commits and when those were made: GraphQL tells both in one request for a hundred branches."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, Field

from keyless.model.github import Branch, Repository
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.services.github.automation import Automation
from keyless.services.github.client import GraphQLRefused, Value
from keyless.services.github.paths import repository_path

_QUERY: Final = (
    "query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: $name) "
    '{ refs(refPrefix: "refs/heads/", first: 100, after: $after) '
    "{ nodes { name target { oid ... on Commit { committedDate } } } pageInfo { hasNextPage endCursor } } } }"
)


class _Target(BaseModel):
    oid: str
    made_at: AwareDatetime | None = Field(default=None, alias="committedDate")


class _Node(BaseModel):
    name: str
    target: _Target


class _PageInfo(BaseModel):
    more: bool = Field(alias="hasNextPage")
    cursor: str | None = Field(default=None, alias="endCursor")


class _References(BaseModel):
    nodes: list[_Node]
    info: _PageInfo = Field(alias="pageInfo")


class _Holder(BaseModel):
    refs: _References


class _Answer(BaseModel):
    repository: _Holder


class _Signature(BaseModel):
    date: AwareDatetime


class _Commit(BaseModel):
    committer: _Signature


class _Change(BaseModel):
    commit: _Commit


class Branches(Automation):
    """Reads the branches of a repository, and when a file on one was changed last."""

    async def last_change(self, repository: Repository, commit: str, path: str) -> Reading[datetime]:
        """Return when the newest commit up to `commit` that changed `path` was made (UTC)."""
        what = f"the last change of {path} in {repository}"
        query: dict[str, str | int] = {"sha": commit, "path": path, "per_page": 1}
        match await self._wire.read(f"{repository_path(repository)}/commits", list[_Change], what, query):
            case Found(changes):
                return Found(changes[0].commit.committer.date) if changes else Missing(what)
            case unreadable:
                return unreadable

    async def branches(self, repository: Repository) -> Reading[tuple[Branch, ...]]:
        """Return every branch, its commit and when that was made (UTC)."""
        what = f"branches of {repository}"
        branches: list[Branch] = []
        after: str | None = None
        while True:
            variables: dict[str, Value] = {"owner": repository.owner, "name": repository.name, "after": after}
            try:
                page = (await self._wire.query(_QUERY, variables, _Answer)).repository.refs
            except GraphQLRefused as refusal:
                return Unreadable(what, refusal.because, refusal.permission("contents=read"))
            branches += [Branch(node.name, node.target.oid, node.target.made_at) for node in page.nodes]
            if not page.info.more or page.info.cursor in (None, after):
                break
            after = page.info.cursor
        self._listed[repository] = tuple(dict.fromkeys(branch.commit for branch in branches))
        return Found(tuple(branches))
