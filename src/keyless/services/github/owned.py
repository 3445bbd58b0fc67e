"""All repositories of an account: one GraphQL query serves organisations and people, private and archived ones included."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, Field

from keyless.model.github import Repository, RepositoryFacts
from keyless.model.reading import Found, Reading, Unreadable
from keyless.services.github.client import GraphQLRefused, Value
from keyless.services.github.wire import Topic

_QUERY: Final = (
    "query($login: String!, $after: String) { repositoryOwner(login: $login) { __typename login "
    "... on User { databaseId } ... on Organization { databaseId } "
    "repositories(first: 100, after: $after, ownerAffiliations: OWNER) "
    "{ nodes { databaseId name isPrivate isArchived viewerPermission owner { login } defaultBranchRef { name } } "
    "pageInfo { hasNextPage endCursor } } } }"
)
_MAY_PUSH: Final = ("ADMIN", "MAINTAIN", "WRITE")


class _Named(BaseModel):
    name: str


class _Login(BaseModel):
    login: str


class _Node(BaseModel):
    id: int = Field(alias="databaseId")
    name: str
    private: bool = Field(alias="isPrivate")
    archived: bool = Field(alias="isArchived")
    permission: str | None = Field(default=None, alias="viewerPermission")
    owner: _Login
    default: _Named | None = Field(default=None, alias="defaultBranchRef")


class _PageInfo(BaseModel):
    more: bool = Field(alias="hasNextPage")
    cursor: str | None = Field(default=None, alias="endCursor")


class _Page(BaseModel):
    nodes: list[_Node]
    info: _PageInfo = Field(alias="pageInfo")


class _Owner(BaseModel):
    kind: str = Field(alias="__typename")
    id: int = Field(alias="databaseId")
    repositories: _Page


class _Answer(BaseModel):
    owner: _Owner | None = Field(default=None, alias="repositoryOwner")


class Owned(Topic):
    """Lists what an account owns."""

    async def repositories(self, owner: str) -> Reading[tuple[RepositoryFacts, ...]]:
        """Return all repositories of an organisation or user that the token can see, archived ones included.

        Their default branch is "" while they are empty.
        """
        what = f"repositories of {owner}"
        found: list[RepositoryFacts] = []
        after: str | None = None
        while True:
            variables: dict[str, Value] = {"login": owner, "after": after}
            try:
                account = (await self._wire.query(_QUERY, variables, _Answer)).owner
            except GraphQLRefused as refusal:
                return Unreadable(what, refusal.because, refusal.permission("metadata=read"))
            if account is None:
                return Unreadable(what, f"GitHub knows no account {owner}")
            found += [_facts(account, node) for node in account.repositories.nodes]
            page = account.repositories.info
            if not page.more or page.cursor in (None, after):
                return Found(tuple(found))
            after = page.cursor


def _facts(account: _Owner, node: _Node) -> RepositoryFacts:
    return RepositoryFacts(
        repository=Repository(node.owner.login, node.name),
        id=node.id,
        owner_id=account.id,
        owner_is_organisation=account.kind == "Organization",
        default_branch=node.default.name if node.default else "",
        private=node.private,
        archived=node.archived,
        admin=node.permission == "ADMIN",
        push=node.permission in _MAY_PUSH,
    )
