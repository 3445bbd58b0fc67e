"""Who is asking, and whether GitHub lets them: 401, 403 with the reason, or 404 for what the token cannot see."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

from keyless.rehearsal.github import accounts, repositories
from keyless.rehearsal.github.answers import Refusal
from keyless.rehearsal.github.rights import Actor, Needs
from keyless.rehearsal.store import Document, Store

LEVELS = ("read", "write", "admin")
ORGANISATION_SCOPES = {"read:org": ("read:org", "write:org", "admin:org"), "admin:org": ("admin:org",)}
HIDING = frozenset({"contents", "pull_requests", "metadata"})


def identify(store: Store, authorization: str | None) -> Actor | None:
    """Return who is asking, None for nobody in particular. Raises Refusal (401) for a token that is not known."""
    if not authorization:
        return None
    scheme, _, credential = authorization.partition(" ")
    token = _password(credential) if scheme.lower() == "basic" else credential.strip()
    found = accounts.token_holder(store, token)
    if found is None or scheme.lower() not in ("bearer", "token", "basic"):
        raise Refusal(401, "Bad credentials")
    chosen = None if found["repositories"] is None else frozenset(_ids(store, found["repositories"]))
    return Actor(found["login"], found["kind"], frozenset(found["scopes"]), found["permissions"], chosen)


def visible(store: Store, actor: Actor | None, document: Document) -> bool:
    """Say whether a token sees a repository at all."""
    if not document["private"]:
        return True
    if actor is None or repositories.role_of(store, document, actor.login) is None:
        return False
    return _chosen(actor, document) if actor.fine_grained else "repo" in actor.scopes


def permit_repository(store: Store, actor: Actor | None, document: Document, needs: Needs, *, changes: bool) -> None:
    """Let a request to a repository through that is `visible` to it. Raises Refusal (401, 403, 404)."""
    if needs.public and not document["private"]:
        return
    if actor is None:
        raise Refusal(401, "Requires authentication")
    if not may(store, actor, document, needs):
        raise _refused(actor, needs)
    if changes and document["archived"]:
        raise Refusal(403, "Repository was archived so is read-only.")


def may(store: Store, actor: Actor, document: Document, needs: Needs) -> bool:
    """Say whether token and person together have what is needed in a repository that they see."""
    role = repositories.role_of(store, document, actor.login) or ("read" if not document["private"] else None)
    if role is None or LEVELS.index(role) < LEVELS.index(needs.role):
        return False
    if actor.fine_grained:
        return _chosen(actor, document) and grants(actor, needs)
    public_scope = {"public_repo"} if not document["private"] and needs.permission in HIDING else set()
    return not needs.scopes or bool(actor.scopes & ({*needs.scopes} | public_scope))


def grants(actor: Actor, needs: Needs) -> bool:
    """Say whether a fine-grained token has a permission at the level."""
    held = actor.permissions.get(needs.permission)
    return held is not None and LEVELS.index(held) >= LEVELS.index(needs.level)


def permit_organisation(store: Store, actor: Actor | None, document: Document, needs: Needs) -> None:
    """Let a request to an organisation through. Raises Refusal (401, 403, 404)."""
    if needs.public:
        return
    if actor is None:
        raise Refusal(401, "Requires authentication")
    role = accounts.organisation_role(store, document["login"], actor.login)
    if role is None:
        raise Refusal(404, "Not Found")
    if actor.fine_grained and not grants(actor, needs):
        raise _refused(actor, needs)
    accepted = {one for scope in needs.scopes for one in ORGANISATION_SCOPES.get(scope, (scope,))}
    held = actor.fine_grained or not accepted or bool(actor.scopes & accepted)
    if not held or (needs.role == "admin" and role != "admin"):
        raise Refusal(403, "You must be an org admin or have the actions secrets fine-grained permission.")


def _refused(actor: Actor, needs: Needs) -> Refusal:
    if actor.fine_grained:
        return Refusal(403, "Resource not accessible by personal access token")
    if needs.permission in HIDING:
        return Refusal(404, "Not Found")
    return Refusal(403, "Must have admin rights to Repository.")


def _chosen(actor: Actor, document: Document) -> bool:
    return actor.repositories is None or document["id"] in actor.repositories


def _ids(store: Store, names: list[str]) -> list[int]:
    found = [repositories.lookup(store, *name.split("/", 1)) for name in names if "/" in name]
    return [one[0]["id"] for one in found if one]


def _password(credential: str) -> str:
    try:
        return base64.b64decode(credential).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refusal(401, "Bad credentials") from error


def lacks_workflows(actor: Actor, paths: Iterable[str]) -> bool:
    """Say whether a change of these paths touches a workflow and the token may not change workflows."""
    if not any(path.startswith(".github/workflows/") for path in paths):
        return False
    if actor.fine_grained:
        return actor.permissions.get("workflows") != "write"
    return "workflow" not in actor.scopes
