"""Accounts, repositories, environments, alerts."""

from __future__ import annotations

from keyless.errors import NotAllowed
from keyless.model.github import Environment, Repository, RepositoryFacts, Viewer
from keyless.model.reading import Found, Reading
from keyless.services.github import answers, refusals
from keyless.services.github.paths import repository_path
from keyless.services.github.wire import Topic

_INSTALLATION = "an app's installation token"


class Repositories(Topic):
    """Who asks, and what repositories there are."""

    async def viewer(self) -> Viewer:
        """Return whose token this is. Raises NotAllowed when it is none.

        An app's installation token (as GITHUB_TOKEN in Actions) has no user: its login says so.
        """
        reply = await self._wire.get("/user", answers.User)
        if reply.value is None:
            if reply.status == 403 and "integration" in refusals.message(reply.response):
                return Viewer(_INSTALLATION, None)
            raise NotAllowed(
                f"GitHub does not say whose token this is: {refusals.unreadable_because(reply.response)}.",
                hint=f"Look at the token at {self._wire.web}/settings/tokens.",
            )
        header = reply.response.headers.get("x-oauth-scopes")
        scopes = None if header is None else tuple(scope.strip() for scope in header.split(",") if scope.strip())
        return Viewer(reply.value.login, scopes)

    async def repository(self, repository: Repository) -> Reading[RepositoryFacts]:
        """Return the repository, under its present name if it was renamed."""
        match await self._wire.read(repository_path(repository), answers.RepositoryItem, f"repository {repository}"):
            case Found(item):
                return Found(_facts(item))
            case unreadable:
                return unreadable

    async def environments(self, repository: Repository) -> Reading[tuple[str, ...]]:
        """Return the names of the repository's environments."""
        match await self.protection(repository):
            case Found(found):
                return Found(tuple(environment.name for environment in found))
            case unreadable:
                return unreadable

    async def protection(self, repository: Repository) -> Reading[tuple[Environment, ...]]:
        """Return the repository's environments with what guards them."""
        path, what = f"{repository_path(repository)}/environments", f"environments of {repository}"
        match await self._wire.pages(path, answers.EnvironmentPage, lambda page: page.environments, what):
            case Found(items):
                kinds = ((item.name, {rule.type for rule in item.protection_rules}) for item in items)
                return Found(tuple(Environment(name, tuple(sorted(rules))) for name, rules in kinds))
            case unreadable:
                return unreadable

    async def leaked_tokens(self, repository: Repository) -> Reading[int]:
        """Return how many open secret-scanning alerts are for PyPI tokens; never their values."""
        path, what = f"{repository_path(repository)}/secret-scanning/alerts", f"secret-scanning alerts of {repository}"
        query: dict[str, str | int] = {"secret_type": "pypi_api_token", "hide_secret": "true", "state": "open"}
        match await self._wire.pages(path, list[answers.Alert], lambda page: page, what, query):
            case Found(items):
                return Found(len(items))
            case unreadable:
                return unreadable


def _facts(item: answers.RepositoryItem) -> RepositoryFacts:
    return RepositoryFacts(
        repository=Repository(item.owner.login, item.name),
        id=item.id,
        owner_id=item.owner.id,
        owner_is_organisation=item.owner.type == "Organization",
        default_branch=item.default_branch,
        private=item.private,
        archived=item.archived,
        admin=item.permissions.admin,
        push=item.permissions.push,
    )
