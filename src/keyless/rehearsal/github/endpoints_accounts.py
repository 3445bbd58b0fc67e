"""Who the token is, and what is left of its quota: /user, /users, /orgs, /rate_limit, /meta."""

from __future__ import annotations

from keyless.rehearsal.github import accounts, limits, repositories, shapes
from keyless.rehearsal.github.access import visible
from keyless.rehearsal.github.answers import Answer, Call, Endpoint, Refusal, page_of
from keyless.rehearsal.github.rights import ANYONE, SIGNED_IN
from keyless.rehearsal.store import Document

UNTOLD = ("name", "company", "blog", "location", "email", "hireable", "bio")
FULL_COUNTS = ("public_repos", "public_gists", "followers", "following")


def _viewer(call: Call) -> Answer:
    return Answer(200, _full_user(call, call.login))


def _user(call: Call) -> Answer:
    if accounts.account(call.store, call.params["username"]) is None:
        raise Refusal(404, "Not Found")
    return Answer(200, _full_user(call, call.params["username"]))


def _full_user(call: Call, login: str) -> Document:
    account = accounts.account(call.store, login) or {}
    times = {"created_at": account["created_at"], "updated_at": account["created_at"]}
    return shapes.user(call, login) | dict.fromkeys(UNTOLD) | dict.fromkeys(FULL_COUNTS, 0) | times


def _organisation(call: Call) -> Answer:
    account = call.subject
    here = f"{call.api}/orgs/{account['login']}"
    document: Document = {
        "login": account["login"],
        "id": account["id"],
        "node_id": shapes.node("O", account["id"]),
        "url": here,
        "repos_url": f"{here}/repos",
        "events_url": f"{here}/events",
        "hooks_url": f"{here}/hooks",
        "issues_url": f"{here}/issues",
        "members_url": f"{here}/members{{/member}}",
        "public_members_url": f"{here}/public_members{{/member}}",
        "avatar_url": f"{call.web}/avatars/u/{account['id']}",
        "description": None,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "html_url": f"{call.web}/{account['login']}",
        "type": "Organization",
        "created_at": account["created_at"],
        "updated_at": account["created_at"],
        "archived_at": None,
    }
    return Answer(200, document | dict.fromkeys(FULL_COUNTS, 0))


def _organisation_repositories(call: Call) -> Answer:
    return _listed(call, repositories.owned_by(call.store, call.subject["login"]))


def _user_repositories(call: Call) -> Answer:
    if accounts.account(call.store, call.params["username"]) is None:
        raise Refusal(404, "Not Found")
    owned = repositories.owned_by(call.store, call.params["username"])
    return _listed(call, [one for one in owned if not one["private"]])


def _own_repositories(call: Call) -> Answer:
    every = repositories.every(call.store)
    return _listed(call, [one for one in every if repositories.role_of(call.store, one, call.login)])


def _listed(call: Call, found: list[Document]) -> Answer:
    seen = [one for one in found if visible(call.store, call.actor, one)]
    seen.sort(key=lambda one: f"{one['owner']}/{one['name']}".lower())
    return page_of(call, [shapes.listed_repository(call, one) for one in seen])


def _rate_limit(call: Call) -> Answer:
    login = call.actor.login if call.actor else None
    resources: Document = {}
    for name in ("core", "search", "graphql"):
        left = limits.quota(call.store, login, name)
        used = left.limit - left.remaining
        resources[name] = {"limit": left.limit, "remaining": left.remaining, "reset": left.reset, "used": used}
    return Answer(200, {"resources": resources, "rate": resources["core"]})


def _meta(call: Call) -> Answer:
    return Answer(200, {"verifiable_password_authentication": False, "domains": {"website": [call.web]}})


ENDPOINTS = (
    Endpoint("GET", "/user", _viewer, SIGNED_IN),
    Endpoint("GET", "/user/repos", _own_repositories, SIGNED_IN),
    Endpoint("GET", "/users/{username}", _user, ANYONE),
    Endpoint("GET", "/users/{username}/repos", _user_repositories, ANYONE),
    Endpoint("GET", "/orgs/{org}", _organisation, ANYONE),
    Endpoint("GET", "/orgs/{org}/repos", _organisation_repositories, ANYONE),
    Endpoint("GET", "/rate_limit", _rate_limit, ANYONE, resource="none"),
    Endpoint("GET", "/meta", _meta, ANYONE),
)
