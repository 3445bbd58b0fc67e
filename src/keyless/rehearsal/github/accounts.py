"""Users, organisations and their tokens. A token is kept only as its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from keyless.rehearsal.github import moments
from keyless.rehearsal.store import Document, Store
from keyless.secret import Secret

ACCOUNT, TOKEN = "github-account", "github-token"
CLASSIC, FINE_GRAINED = "classic", "fine-grained"
DEFAULT_SCOPES = ("repo", "workflow", "admin:org")


def account(store: Store, login: str) -> Document | None:
    """Return a user's or organisation's document, whatever the case of `login`."""
    return store.get(ACCOUNT, login.lower())


def _create(store: Store, login: str, kind: str) -> Document:
    with store.transaction():
        found = account(store, login)
        if found:
            return found
        document: Document = {
            "id": store.next_number("github-account", 1001),
            "login": login,
            "type": kind,
            "members": {},
            "created_at": moments.now(store),
        }
        store.put(ACCOUNT, login.lower(), document)
        return document


def create_user(
    store: Store,
    login: str,
    token: Secret | str | None = None,
    *,
    scopes: Iterable[str] = DEFAULT_SCOPES,
    permissions: Mapping[str, str] | None = None,
    kind: str = CLASSIC,
    repositories: Iterable[str] | None = None,
) -> int:
    """Create a person unless there is one, and give them a token if one is named; return the account's id.

    `kind` "classic" has `scopes`; "fine-grained" has `permissions` (GitHub's names, "read" or "write") on
    `repositories` ("owner/name"; None: all that the person can see).
    """
    identifier: int = _create(store, login, "User")["id"]
    if token is not None:
        create_token(store, login, token, scopes=scopes, permissions=permissions, kind=kind, repositories=repositories)
    return identifier


def create_organisation(store: Store, login: str, *, members: Mapping[str, str] | None = None) -> int:
    """Create an organisation unless there is one; `members` maps logins to "admin" or "member". Return its id."""
    with store.transaction():
        document = _create(store, login, "Organization")
        document["members"] |= {name.lower(): role for name, role in (members or {}).items()}
        store.put(ACCOUNT, login.lower(), document)
        for member in members or {}:
            create_user(store, member)
    identifier: int = document["id"]
    return identifier


def create_token(
    store: Store,
    login: str,
    token: Secret | str,
    *,
    scopes: Iterable[str] = DEFAULT_SCOPES,
    permissions: Mapping[str, str] | None = None,
    kind: str = CLASSIC,
    repositories: Iterable[str] | None = None,
) -> None:
    """Give a person another token; the arguments are those of `create_user`."""
    document: Document = {
        "login": login,
        "kind": kind,
        "scopes": sorted(scopes) if kind == CLASSIC else [],
        "permissions": {"metadata": "read", **(permissions or {})} if kind == FINE_GRAINED else {},
        "repositories": None if repositories is None else [name.lower() for name in repositories],
    }
    store.put(TOKEN, _digest(token), document)


def token_holder(store: Store, token: Secret | str) -> Document | None:
    """Return what is known of a token, or None: bad credentials."""
    return store.get(TOKEN, _digest(token))


def revoke_token(store: Store, token: Secret | str) -> None:
    """Make a token worthless: 401 from now on."""
    store.delete(TOKEN, _digest(token))


def lose_permission(store: Store, login: str, permission: str) -> None:
    """Take a scope (classic) or a permission (fine-grained) from every token of a person."""
    with store.transaction():
        for key, document in store.all(TOKEN):
            if document["login"].lower() == login.lower():
                document["scopes"] = [scope for scope in document["scopes"] if scope != permission]
                document["permissions"].pop(permission, None)
                store.put(TOKEN, key, document)


def organisation_role(store: Store, organisation: str, login: str) -> str | None:
    """Return "admin", "member" or None."""
    found = account(store, organisation)
    role: str | None = found["members"].get(login.lower()) if found else None
    return role


def _digest(token: Secret | str) -> str:
    plain = token.reveal() if isinstance(token, Secret) else token
    return hashlib.sha256(plain.encode()).hexdigest()
