"""A change of the repository as a pull request: a branch, one verified commit, and the request itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, Field

from keyless.errors import KeylessError, NotAllowed, StalePlan
from keyless.model.github import PullRequest, Repository
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.workflow import FileChange
from keyless.services.github import answers
from keyless.services.github.client import GraphQLRefused, Reply, Value
from keyless.services.github.objects import Objects
from keyless.services.github.paths import part, repository_path
from keyless.services.retry import Call, LostReply

_COMMIT: Final = (
    "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }"
)
_MERGE: Final = (
    "query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) "
    "{ pullRequest(number: $number) { mergeCommit { oid } } } }"
)
_PERMISSIONS: Final = "contents=write and workflows=write (a classic token: the scopes repo and workflow)"


class _Oid(BaseModel):
    oid: str


class _Commit(BaseModel):
    commit: _Oid


class _Committed(BaseModel):
    created: _Commit = Field(alias="createCommitOnBranch")


class _Pull(BaseModel):
    merge: _Oid | None = Field(default=None, alias="mergeCommit")


class _PullHolder(BaseModel):
    pull: _Pull | None = Field(default=None, alias="pullRequest")


class _Merged(BaseModel):
    repository: _PullHolder | None = None


class Proposals(Objects):
    """Makes and reads pull requests. Every step looks first, so that it can be run again after a lost reply."""

    async def propose(
        self,
        repository: Repository,
        *,
        branch: str,
        base: str,
        expected_head: str,
        changes: Sequence[FileChange],
        title: str,
        body: str,
    ) -> PullRequest:
        """Create `branch` at `expected_head`, one commit with all changes on it, and a pull request into `base`.

        Running it again with the same branch finds the pull request instead of making another, unless somebody closed
        it. Raises StalePlan when `base` has moved off `expected_head`.
        """
        existing = await self._known(repository, branch)
        if existing is not None:
            return existing
        head = await self._head(repository, base)
        if head != expected_head:
            raise StalePlan(
                f"Branch {base} of {repository} has moved since the plan was made.",
                hint="Run the command again: it plans anew from the present files.",
            )
        await self._branch(repository, branch, expected_head)
        await self._commit(repository, branch, expected_head, changes, title)
        return await self._request(repository, branch, base, title, body)

    async def pull_request(self, repository: Repository, number: int) -> Reading[PullRequest]:
        """Return a pull request by its number."""
        path, what = f"{repository_path(repository)}/pulls/{number}", f"pull request {number} of {repository}"
        match await self._wire.read(path, answers.PullItem, what):
            case Found(item):
                return Found(await self._pull(repository, item))
            case unreadable:
                return unreadable

    async def find_pull_request(self, repository: Repository, branch: str) -> Reading[PullRequest]:
        """Return the newest pull request whose head is `branch`, in any state."""
        what = f"pull request from {branch} of {repository}"
        query: dict[str, str | int] = {
            "head": f"{repository.owner}:{branch}",
            "state": "all",
            "sort": "created",
            "direction": "desc",
        }
        path = f"{repository_path(repository)}/pulls"
        match await self._wire.pages(path, list[answers.PullItem], lambda page: page, what, query):
            case Found(items):
                # An unknown owner in `head` lists everything, so what came is compared once more.
                mine = sorted((item for item in items if item.head.ref == branch), key=lambda item: item.number)
                return Found(await self._pull(repository, mine[-1])) if mine else Missing(what)
            case unreadable:
                return unreadable

    async def delete_branch(self, repository: Repository, branch: str) -> None:
        """Delete a branch. One that is gone already is no error; the caller confirms by listing."""
        path = f"{repository_path(repository)}/git/refs/heads/{'/'.join(_parts(branch))}"
        reply: Reply[None] = await self._wire.write("DELETE", path, Call.DELETE)
        if not reply.response.is_success and reply.status not in (404, 422):  # GitHub says 422 for a missing reference
            raise self._wire.refused(reply, f"delete branch {branch} of {repository}")

    async def _pull(self, repository: Repository, item: answers.PullItem) -> PullRequest:
        merged = item.merged_at is not None
        commit = None
        if merged:
            commit = item.merge_commit_sha or await self._merge_commit(repository, item.number)
        state = "merged" if merged else item.state
        return PullRequest(item.number, item.html_url, state, item.head.ref, commit, item.merged_at)

    async def _merge_commit(self, repository: Repository, number: int) -> str | None:
        variables: dict[str, Value] = {"owner": repository.owner, "name": repository.name, "number": number}
        try:
            answer = await self._wire.query(_MERGE, variables, _Merged)
        except GraphQLRefused:
            return None  # the commit is a convenience: that it was merged is known
        pull = answer.repository.pull if answer.repository else None
        return pull.merge.oid if pull and pull.merge else None

    async def _known(self, repository: Repository, branch: str) -> PullRequest | None:
        """Return the pull request from `branch` that is open or merged."""
        match await self.find_pull_request(repository, branch):
            case Found(pull) if pull.state != "closed":
                return pull
            case Unreadable() as reading:
                raise _unseen(reading)
            case _:
                return None

    async def _head(self, repository: Repository, branch: str) -> str | None:
        """Return the commit at the head of a branch, None when a repository that can be read has no such branch."""
        what = f"branch {branch} of {repository}"
        path = f"{repository_path(repository)}/git/ref/heads/{'/'.join(_parts(branch))}"
        reply = await self._wire.get(path, answers.Reference)
        if reply.value is not None:
            return reply.value.object.sha
        if reply.status == 404:
            # The pull requests of this repository were listed a moment ago, so it can be seen: 404 means no branch.
            return None
        raise NotAllowed(f"{what} cannot be read: GitHub answers {reply.status}.", hint=f"Needed: {_PERMISSIONS}.")

    async def _branch(self, repository: Repository, branch: str, commit: str) -> None:
        """Create the branch at `commit`, unless it is there: what is on it is `_commit`'s to judge."""
        if await self._head(repository, branch) is not None:
            return
        path = f"{repository_path(repository)}/git/refs"
        try:
            reply: Reply[None] = await self._wire.write(
                "POST", path, Call.CREATE, {"ref": f"refs/heads/{branch}", "sha": commit}
            )
        except LostReply:
            if await self._head(repository, branch) is None:
                raise
            return
        if not reply.response.is_success and await self._head(repository, branch) is None:
            raise self._wire.refused(reply, f"create branch {branch} in {repository}")

    async def _commit(
        self, repository: Repository, branch: str, parent: str, changes: Sequence[FileChange], headline: str
    ) -> None:
        head = await self._head(repository, branch)
        if head != parent:
            await self._must_hold(repository, branch, head, changes)
            return
        variables: dict[str, Value] = {
            "input": {
                "branch": {"repositoryNameWithOwner": str(repository), "branchName": branch},
                "message": {"headline": headline},
                "expectedHeadOid": parent,
                "fileChanges": {
                    "additions": [
                        {"path": change.path, "contents": base64.b64encode(change.after).decode()} for change in changes
                    ]
                },
            }
        }
        try:
            await self._wire.mutate(_COMMIT, variables, _Committed)
        except LostReply:
            head = await self._head(repository, branch)
            if head == parent:
                raise
            await self._must_hold(repository, branch, head, changes)
        except GraphQLRefused as refusal:
            raise _commit_refused(refusal, repository) from refusal

    async def _must_hold(
        self, repository: Repository, branch: str, head: str | None, changes: Sequence[FileChange]
    ) -> None:
        """Raise StalePlan unless the branch already holds exactly these files: an earlier try of ours made it."""
        readings = await self.files(repository, head, [c.path for c in changes]) if head else ()
        held = [reading.value.content if isinstance(reading, Found) else None for reading in readings]
        if held != [change.after for change in changes]:
            raise StalePlan(
                f"Branch {branch} of {repository} is there already and holds something else.",
                hint="Look at it, delete it if it is not needed, and run the command again.",
            )

    async def _request(self, repository: Repository, branch: str, base: str, title: str, body: str) -> PullRequest:
        path = f"{repository_path(repository)}/pulls"
        fields = {"title": title, "head": branch, "base": base, "body": body}
        try:
            reply = await self._wire.write("POST", path, Call.CREATE, fields, answers.PullItem)
        except LostReply:
            known = await self._known(repository, branch)
            if known is None:
                raise
            return known
        if reply.value is not None:
            return await self._pull(repository, reply.value)
        known = await self._known(repository, branch)  # 422 when another run was quicker
        if known is None:
            raise self._wire.refused(reply, f"open a pull request in {repository}")
        return known


def _parts(branch: str) -> list[str]:
    return [part(piece) for piece in branch.split("/")]


def _unseen(reading: Unreadable) -> KeylessError:
    return NotAllowed(f"The {reading.what} cannot be looked up: {reading.because}.", hint=f"Needed: {_PERMISSIONS}.")


def _commit_refused(refusal: GraphQLRefused, repository: Repository) -> KeylessError:
    if "STALE_DATA" in refusal.types:
        return StalePlan(f"The branch moved while the commit was made: {refusal.words}.", hint="Run the command again.")
    return NotAllowed(
        f"GitHub refuses the commit to {repository}: {refusal.words}.",
        hint=f"The token needs {_PERMISSIONS}. With gh: 'gh auth refresh -s workflow'.",
    )
