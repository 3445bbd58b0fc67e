"""People on one index, and the projects in which they have a role. The two indexes have separate accounts."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Sequence

from keyless.model.index import Index, normalise
from keyless.rehearsal.index.documents import Refused, kind, remember, stamp
from keyless.rehearsal.store import Document, Store

OWNER, MAINTAINER = "Owner", "Maintainer"


def create_account(store: Store, index: Index, user: str, password: str, email: str) -> str:
    """Create an account with a verified address and second factor; return its UUID. Raises Refused for a taken name."""
    if account(store, index, user) is not None:
        raise Refused(f"This username is already being used by another account: {user}")
    identifier = str(uuid.uuid4())
    body: Document = {
        "id": identifier,
        "user": user,
        "password": password,
        "email": email,
        "email_verified": True,
        "two_factor": True,
        "frozen": False,
        "created": stamp(store),
    }
    store.put(kind(index, "account"), user.lower(), body)
    return identifier


def account(store: Store, index: Index, user: str) -> Document | None:
    """Return a user's account, or None. User names compare without case."""
    return store.get(kind(index, "account"), user.lower())


def accounts(store: Store, index: Index) -> list[Document]:
    """Return every account, by name."""
    return [body for _, body in store.all(kind(index, "account"))]


def change_account(store: Store, index: Index, user: str, **changes: bool | str) -> None:
    """Set `frozen`, `email_verified`, `two_factor`, `password` or `email` of an account."""
    with store.transaction():
        body = account(store, index, user)
        if body is None or changes.keys() - body.keys():
            raise KeyError(f"no account {user}, or no such field: {', '.join(changes)}")
        store.put(kind(index, "account"), user.lower(), {**body, **changes})


def password_fits(body: Document, password: str) -> bool:
    """Say whether this is the account's password."""
    return hmac.compare_digest(str(body["password"]).encode(), password.encode())


def create_project(
    store: Store, index: Index, name: str, owners: Sequence[str] = (), maintainers: Sequence[str] = ()
) -> str:
    """Create an empty project; return its UUID. Raises Refused when the name is taken or an account does not exist."""
    if project(store, index, name) is not None:
        raise Refused(
            f"The name {name!r} conflicts with an existing project. "
            "See https://pypi.org/help/#project-name for more information."
        )
    roles = [{"user": _name(store, index, user), "role": OWNER} for user in owners]
    roles += [{"user": _name(store, index, user), "role": MAINTAINER} for user in maintainers]
    identifier = str(uuid.uuid4())
    key = normalise(name)
    with store.transaction():
        store.put(
            kind(index, "project"),
            key,
            {"id": identifier, "name": name, "normalised": key, "created": stamp(store), "roles": roles},
        )
        remember(store, index, key, "Project created", by=roles[0]["user"] if roles else "nobody")
    return identifier


def _name(store: Store, index: Index, user: str) -> str:
    body = account(store, index, user)
    if body is None:
        raise Refused(f"{index.label} has no account {user}")
    return str(body["user"])


def project(store: Store, index: Index, name: str) -> Document | None:
    """Return a project by any spelling of its name, or None."""
    return store.get(kind(index, "project"), normalise(name))


def project_by_id(store: Store, index: Index, identifier: str) -> Document | None:
    """Return a project by its UUID, or None."""
    return next((body for body in projects(store, index) if body["id"] == identifier), None)


def projects(store: Store, index: Index) -> list[Document]:
    """Return every project, by normalised name."""
    return [body for _, body in store.all(kind(index, "project"))]


def role(body: Document, user: str) -> str | None:
    """Return a user's role in a project: "Owner", "Maintainer" or None."""
    return next((str(held["role"]) for held in body["roles"] if held["user"].lower() == user.lower()), None)


def set_role(store: Store, index: Index, name: str, user: str, new: str | None) -> None:
    """Give a user a role in a project, or take it (None)."""
    with store.transaction():
        body = project(store, index, name)
        if body is None:
            raise Refused(f"{index.label} has no project {name}")
        roles = [held for held in body["roles"] if held["user"].lower() != user.lower()]
        if new is not None:
            roles.append({"user": _name(store, index, user), "role": new})
        store.put(kind(index, "project"), normalise(name), {**body, "roles": roles})


def projects_of(store: Store, index: Index, user: str) -> list[Document]:
    """Return the projects in which a user has a role."""
    return [body for body in projects(store, index) if role(body, user) is not None]
