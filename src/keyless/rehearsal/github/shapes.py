"""GitHub's JSON for accounts and repositories: every field that its description requires, with true addresses."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from keyless.rehearsal.github import access, accounts, moments, objects, repositories
from keyless.rehearsal.github.answers import Call
from keyless.rehearsal.store import Document

USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
COUNTS = ("forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers", "watchers_count")
SWITCHES = {
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_downloads": True,
    "has_pages": False,
    "has_discussions": False,
}


def node(kind: str, identifier: int | str) -> str:
    """Return a GraphQL node id: opaque to clients, stable, different for every thing."""
    return f"{kind}_{base64.urlsafe_b64encode(f'{kind}{identifier}'.encode()).decode().rstrip('=')}"


def user(call: Call, login: str) -> Document:
    """Return a simple user; an account that was never created stands for a deleted one."""
    account = accounts.account(call.store, login) or {"id": 10137, "login": "ghost", "type": "User"}
    here = f"{call.api}/users/{account['login']}"
    document: Document = {
        "login": account["login"],
        "id": account["id"],
        "node_id": node("U" if account["type"] == "User" else "O", account["id"]),
        "avatar_url": f"{call.web}/avatars/u/{account['id']}",
        "gravatar_id": "",
        "url": here,
        "html_url": f"{call.web}/{account['login']}",
        "type": account["type"],
        "user_view_type": "public",
        "site_admin": False,
    }
    return document | {name: here + rest for name, rest in USER_LINKS.items()}


def repository_address(call: Call, document: Document) -> str:
    """Return a repository's address in the API."""
    return f"{call.api}/repos/{document['owner']}/{document['name']}"


def minimal_repository(call: Call, document: Document) -> Document:
    """Return a repository as lists and other answers show it."""
    here = repository_address(call, document)
    shown: Document = {
        "id": document["id"],
        "node_id": node("R", document["id"]),
        "name": document["name"],
        "full_name": f"{document['owner']}/{document['name']}",
        "private": document["private"],
        "owner": user(call, document["owner"]),
        "html_url": f"{call.web}/{document['owner']}/{document['name']}",
        "description": None,
        "fork": False,
        "url": here,
    }
    return shown | {name: here + rest for name, rest in REPOSITORY_LINKS.items()}


def listed_repository(call: Call, document: Document) -> Document:
    """Return a repository as an owner's list shows it."""
    page = f"{call.web}/{document['owner']}/{document['name']}"
    shown: Document = minimal_repository(call, document) | {
        "git_url": f"git:{page.partition(':')[2]}.git",
        "ssh_url": f"git@github.com:{document['owner']}/{document['name']}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "homepage": None,
        "language": "Python",
        "license": None,
        "mirror_url": None,
        "size": 100,
        "default_branch": document["default_branch"],
        "topics": [],
        "archived": document["archived"],
        "disabled": False,
        "visibility": "private" if document["private"] else "public",
        "pushed_at": document["updated_at"],
        "created_at": document["created_at"],
        "updated_at": document["updated_at"],
    }
    shown |= dict.fromkeys(COUNTS, 0)
    shown |= SWITCHES
    permissions = _permissions(call, document)
    return shown | ({"permissions": permissions} if permissions else {})


def full_repository(call: Call, document: Document) -> Document:
    """Return a repository as its own address shows it."""
    return listed_repository(call, document) | {"network_count": 0, "subscribers_count": 0}


def _permissions(call: Call, document: Document) -> Document | None:
    if call.actor is None:
        return None
    held = repositories.role_of(call.store, document, call.actor.login)
    rank = access.LEVELS.index(held) if held else (-1 if document["private"] else 0)
    roles = {"admin": 2, "maintain": 2, "push": 1, "triage": 1, "pull": 0}
    return {name: rank >= least for name, least in roles.items()}


def person(commit: Document) -> Document:
    """Return who wrote a commit and when, as git says."""
    return {"name": commit["name"], "email": commit["email"], "date": _commit_date(commit)}


def _commit_date(commit: Document) -> str:
    return moments.text(datetime.fromtimestamp(commit["at"], UTC))


def unverified() -> Document:
    """Return what is said of a commit without a signature."""
    return {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def commit(call: Call, document: Document, sha: str) -> Document:
    """Return a commit as the list of commits and a branch show it. Raises NoSuchThing."""
    found = objects.read_commit(call.store, document["id"], sha)
    if found is None:
        raise repositories.NoSuchThing(sha)
    here = repository_address(call, document)
    account = accounts.account(call.store, found["name"])
    author = user(call, found["name"]) if account else None
    page = f"{call.web}/{document['owner']}/{document['name']}/commit"
    return {
        "sha": sha,
        "node_id": node("C", sha),
        "url": f"{here}/commits/{sha}",
        "html_url": f"{page}/{sha}",
        "comments_url": f"{here}/commits/{sha}/comments",
        "commit": {
            "url": f"{here}/git/commits/{sha}",
            "author": person(found),
            "committer": person(found),
            "message": found["message"],
            "comment_count": 0,
            "tree": {"sha": found["tree"], "url": f"{here}/git/trees/{found['tree']}"},
            "verification": unverified(),
        },
        "author": author,
        "committer": author,
        "parents": [
            {"sha": one, "url": f"{here}/commits/{one}", "html_url": f"{page}/{one}"} for one in found["parents"]
        ],
    }
