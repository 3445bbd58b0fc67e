"""A person of a rehearsal: does what keyless asks people to do, on the pages and with the buttons that people have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.index import Index, normalise
from keyless.model.plan import (
    ChangeWorkflow,
    CheckProof,
    Delivery,
    ProveRelease,
    RegisterPublisher,
    RestoreWorkflow,
    RevokeToken,
    Step,
)
from keyless.model.publisher import Publisher, new_token_page, pending_page, publishing_page, removal_page
from keyless.model.workflow import FileChange
from keyless.rehearsal.browser import Browser, Page, PageRefused
from keyless.rehearsal.github import repositories, state
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.releases import next_version, release
from keyless.rehearsal.runner import trigger
from keyless.rehearsal.runner.builds import projects
from keyless.rehearsal.runner.job import Services
from keyless.rehearsal.world import loaded
from keyless.rehearsal.world_facts import LoadedWorld
from keyless.secret import Secret

_TOKEN = re.compile(r"pypi-[A-Za-z0-9_-]{85,}")


class Person:
    """Somebody with a GitHub login and accounts, in a loaded world. Links are those that keyless printed."""

    def __init__(self, services: Services, world: LoadedWorld, login: str) -> None:
        self.services = services
        self.world = world
        self.login = login
        self._facts = world.person(login)

    async def register_publisher(self, link: str) -> None:
        """Open the prefilled publisher form and submit it as it came. Raises PageRefused with what the page says."""
        async with self._browser(self._index(link)) as browser:
            page = await browser.open(link)
            form = page.form("owner", "repository", "workflow_filename")
            if form is None:
                raise PageRefused(f"There is no publisher form behind {link}: {page.text[:300]}")
            _accepted(await browser.submit(page, form), "Added", "already registered")

    async def register_pending_publisher(self, link: str, project: str, publisher: Publisher) -> None:
        """Fill in the form for a project that does not exist yet. Raises PageRefused."""
        async with self._browser(self._index(link)) as browser:
            page = await browser.open(link)
            form = page.form("project_name", "workflow_filename")
            if form is None:
                raise PageRefused(f"There is no form for a pending publisher behind {link}: {page.text[:300]}")
            answer = await browser.submit(
                page,
                form,
                project_name=project,
                owner=publisher.owner,
                repository=publisher.repository,
                workflow_filename=publisher.workflow,
                environment=publisher.environment or "",
            )
            _accepted(answer, "Registered a new pending publisher")

    async def remove_token(self, link: str) -> None:
        """Open a token's removal dialog by its link, and confirm it with the password. Raises PageRefused."""
        index = self._index(link)
        async with self._browser(index) as browser:
            page = await browser.open(link)
            form = page.form("confirm_password", within=link.partition("#")[2] or None)
            if form is None:
                raise PageRefused(f"{self.login} has no token behind {link}.")
            password = self._facts.account(index).password.reveal()
            _accepted(await browser.submit(page, form, confirm_password=password), "Deleted API token")

    async def issue_token(self, link: str, description: str = "a way back for keyless") -> Secret:
        """Open the form for a new token, submit it with the project that the link chose; return the token.

        Where the name is taken, another is tried, as a person would. Raises PageRefused.
        """
        async with self._browser(self._index(link)) as browser:
            page = await browser.open(link)
            form = page.form("description", "token_scope")
            if form is None:
                raise PageRefused(f"There is no token form behind {link}: {page.text[:300]}")
            for number in range(1, 100):
                name = description if number == 1 else f"{description} {number}"
                answer = await browser.submit(page, form, description=name)
                found = _TOKEN.search(answer.text)
                if found is not None:
                    return Secret(found.group(0))
                if "already in use" not in answer.text:
                    break
            raise PageRefused(f"No token was issued: {answer.text[:300]}")

    async def merge(self, repository: Repository, number: int) -> str:
        """Press the merge button; return the merge commit. What a push starts, starts."""
        store = self.services.store
        base = next(
            pull["base"]
            for pull in state.pull_requests(store, repository.owner, repository.name)
            if pull["number"] == number
        )
        sha = state.merge_pull_request(store, repository.owner, repository.name, number, by=self.login)
        await trigger(
            self.services, repository.owner, repository.name, event="push", ref=f"refs/heads/{base}", actor=self.login
        )
        return sha

    async def merge_open(self, repository: Repository) -> tuple[str, ...]:
        """Merge every open pull request of a repository, oldest first; return the merge commits."""
        pulls = state.pull_requests(self.services.store, repository.owner, repository.name)
        numbers = sorted(pull["number"] for pull in pulls if pull["state"] == "open")
        return tuple([await self.merge(repository, number) for number in numbers])

    async def push(self, repository: Repository, branch: str, folder: Path, changes: Sequence[FileChange]) -> bool:
        """Commit these files as they lie in the checkout `folder`, and push; return whether anything differed."""
        store = self.services.store
        present = state.tree(store, repository.owner, repository.name, branch)
        written = {change.path: (folder / change.path).read_bytes() for change in changes}
        differing = {path: content for path, content in written.items() if present.get(path) != content}
        if not differing:
            return False
        message = "Publish without a token"
        state.commit(store, repository.owner, repository.name, branch, differing, message, by=self.login)
        ref = f"refs/heads/{branch}"
        await trigger(self.services, repository.owner, repository.name, event="push", ref=ref, actor=self.login)
        return True

    async def release(
        self, repository: Repository, index: Index, *, project: str | None = None, version: str | None = None
    ) -> tuple[int, ...]:
        """Release on `index` in the repository's own way; return the runs that it started.

        Without `version` it is the one after the newest (on TestPyPI a candidate of it). A release that fails is no
        exception: the runs say so.
        """
        way = self.world.way(repository, index)
        if way is None:
            raise UsageError(f"In this rehearsal {repository} does not release on {index.label}.")
        version = version or self._next(repository, index, project)
        return await release(self.services, repository, way, version, by=self.login, project=project)

    def releases(self, repository: Repository) -> tuple[tuple[Index, str | None], ...]:
        """Return every way in which this repository releases: the index, and the project where there are several."""
        names = self._projects_of(repository)
        projects: Sequence[str | None] = names if len(names) > 1 else [None]
        ways = [index for index in Index if self.world.way(repository, index) is not None]
        return tuple((index, project) for index in ways for project in projects)

    async def carry_out(self, step: Step) -> bool:
        """Do what a plan's step waits for, as far as this person can; return whether something was done.

        Publishers and tokens are the business of whoever has the account: the person who owns it does it.
        """
        match step:
            case RegisterPublisher():
                await self._register(step)
            case ChangeWorkflow() | RestoreWorkflow() if step.delivery is Delivery.LOCAL:
                return await self.push(step.repository, step.base, Path(step.folder or "."), step.changes)
            case ChangeWorkflow() | RestoreWorkflow():
                return bool(await self.merge_open(step.repository))
            case ProveRelease() | CheckProof():
                repository = Repository(step.publisher.owner, step.publisher.repository)
                several = len(self._projects_of(repository)) > 1
                return bool(await self.release(repository, step.index, project=step.project if several else None))
            case RevokeToken() if step.identifier is not None:
                await self._owner_of_token(step.index, step.identifier).remove_token(
                    removal_page(self.services.addresses.index(step.index).site, step.identifier)
                )
            case _:
                return False
        return True

    async def new_token_for(self, index: Index, project: str) -> Secret:
        """Have the project's owner issue a token for it, by the link that keyless prints."""
        owner = self._owner_of_project(index, project)
        return await owner.issue_token(new_token_page(self.services.addresses.index(index).site, project))

    async def _register(self, step: RegisterPublisher) -> None:
        base = self.services.addresses.index(step.index).site
        if step.pending:
            link = pending_page(base)
            await self.register_pending_publisher(link, step.project, step.publisher)
            return
        owner = self._owner_of_project(step.index, step.project)
        await owner.register_publisher(publishing_page(base, step.project, step.publisher))

    def _owner_of_project(self, index: Index, project: str) -> Person:
        body = index_state.project(self.services.store, index, project)
        owners = [held["user"] for held in body["roles"] if held["role"] == index_state.OWNER] if body else []
        if not owners:
            raise UsageError(f"Nobody owns {project} on {index.label} in this rehearsal.")
        mine = [account.user for account in self._facts.accounts if account.index is index]
        user = next((one for one in owners if one in mine), owners[0])
        return Person(self.services, self.world, self.world.account_owner(index, user).login)

    def _owner_of_token(self, index: Index, identifier: str) -> Person:
        body = index_state.token(self.services.store, index, identifier)
        if body is None:
            raise UsageError(f"{index.label} knows no token {identifier}.")
        return Person(self.services, self.world, self.world.account_owner(index, body["user"]).login)

    def _projects_of(self, repository: Repository) -> Sequence[str]:
        document = repositories.repository(self.services.store, repository.owner, repository.name)
        files = state.tree(self.services.store, repository.owner, repository.name, document["default_branch"])
        return [name for name in projects(files).values() if name]

    def _next(self, repository: Repository, index: Index, project: str | None) -> str:
        name = project or next(iter(self._projects_of(repository)))
        versions = {
            file["version"]
            for one in Index
            for file in index_state.files(self.services.store, one, normalise(name))
            if one is index or index is Index.TESTPYPI
        }
        newest = max(versions, key=_order, default="0.0.0")
        return next_version(newest, rehearse=index is Index.TESTPYPI)

    def _index(self, link: str) -> Index:
        for index in Index:
            if link.startswith(self.services.addresses.index(index).site + "/"):
                return index
        raise UsageError(f"{link} leads nowhere in this rehearsal.")

    def _browser(self, index: Index) -> Browser:
        account = self._facts.account(index)
        return Browser(self.services.transport(), account.user, account.password.reveal())


def operator_of(services: Services) -> Person:
    """Return the person who works with keyless in the loaded world. Raises UsageError before there is one."""
    world = loaded(services.store)
    if world is None:
        raise UsageError("No world was loaded into this rehearsal.")
    return Person(services, world, world.operator)


def _order(version: str) -> tuple[tuple[int, ...], float]:
    numbers, _, candidate = version.partition("rc")
    return tuple(int(part) for part in re.findall(r"\d+", numbers)), float(candidate or "inf")


def _accepted(page: Page, *words: str) -> None:
    if not any(word in page.text for word in words):
        raise PageRefused(page.text[:500])
