"""Trusted publishers of one index, and pending ones that create their project with the first mint."""

from __future__ import annotations

import uuid
from datetime import timedelta

from keyless.model.index import Index, normalise
from keyless.model.publisher import Publisher
from keyless.rehearsal.github.accounts import account as github_account
from keyless.rehearsal.index.accounts import OWNER, account, project, role
from keyless.rehearsal.index.documents import Refused, kind, moment_of, remember, stamp
from keyless.rehearsal.index.tokens import delete_token, tokens
from keyless.rehearsal.store import Document, Store

MOST_PENDING = 3
TOO_MANY_PENDING = "You can't register more than 3 pending trusted publishers at once."
PENDING_LIFETIME = timedelta(days=30)


def add_publisher(
    store: Store, index: Index, project_name: str, publisher: Publisher, *, owner_id: int | None = None
) -> str:
    """Register a publisher for a project, as its form does; return the publisher's UUID.

    GitHub is asked for the owner's own spelling and id, unless `owner_id` says it. One publisher row serves every project
    that registers the same values. Raises Refused in the form's words.
    """
    body = project(store, index, project_name)
    if body is None:
        raise Refused(f"{index.label} has no project {project_name}")
    wanted = _row(store, publisher, owner_id)
    with store.transaction():
        row = _same(store, index, "publisher", wanted) or {**wanted, "id": str(uuid.uuid4()), "projects": []}
        if body["normalised"] in row["projects"]:
            raise Refused(f"{row['workflow']} is already registered with {body['name']}")
        row["projects"] = [*row["projects"], body["normalised"]]
        store.put(kind(index, "publisher"), row["id"], row)
        remember(store, index, body["normalised"], "Trusted publisher added", publisher=describe(row))
    return str(row["id"])


def add_pending_publisher(
    store: Store, index: Index, user: str, project_name: str, publisher: Publisher, *, owner_id: int | None = None
) -> str:
    """Register a pending publisher of `user` for a project that does not exist yet; return its UUID.

    Raises Refused in the form's words: more than three, the project exists, or the same values are registered already.
    """
    by = account(store, index, user)
    if by is None:
        raise Refused(f"{index.label} has no account {user}")
    if full(store, index, by["user"]):
        raise Refused(TOO_MANY_PENDING)
    taken = project(store, index, project_name)
    if taken is not None:
        mine = ": use the project's publishing settings here to create a Trusted Publisher for it"
        raise Refused(f"This project already exists{mine if role(taken, by['user']) == OWNER else ''}.", "project_name")
    wanted = _row(store, publisher, owner_id)
    with store.transaction():
        twin = _same(store, index, "pending", wanted)
        if twin is not None:
            what = (
                "This trusted publisher has already been registered"
                if twin["project"] == project_name
                else "A pending trusted publisher matching this configuration has already been registered for a "
                "different project name"
            )
            raise Refused(f"{what}. Please contact PyPI's admins if this wasn't intentional.")
        row = {
            **wanted,
            "id": str(uuid.uuid4()),
            "project": project_name,
            "user": by["user"],
            "created": stamp(store),
        }
        store.put(kind(index, "pending"), str(row["id"]), row)
    return str(row["id"])


def full(store: Store, index: Index, user: str) -> bool:
    """Say whether a user has as many pending publishers as they may have."""
    return len([row for row in pending_publishers(store, index) if row["user"] == user]) >= MOST_PENDING


def _row(store: Store, publisher: Publisher, owner_id: int | None) -> Document:
    login = publisher.owner
    if owner_id is None:
        owner = github_account(store, login)
        if owner is None:
            raise Refused("Unknown GitHub user or organization.", "owner")
        login, owner_id = owner["login"], owner["id"]
    return {
        "owner": login,
        "owner_id": str(owner_id),
        "repository": publisher.repository,
        "workflow": publisher.workflow,
        "environment": (publisher.environment or "").lower(),
    }


_UNIQUE = ("owner", "repository", "workflow", "environment")


def _same(store: Store, index: Index, subject: str, wanted: Document) -> Document | None:
    rows = [row for _, row in store.all(kind(index, subject))]
    return next((row for row in rows if all(row[name] == wanted[name] for name in _UNIQUE)), None)


def publishers(store: Store, index: Index, project_name: str | None = None) -> list[Document]:
    """Return the publishers of a project, or of all."""
    rows = [row for _, row in store.all(kind(index, "publisher"))]
    return rows if project_name is None else [row for row in rows if normalise(project_name) in row["projects"]]


def publisher_by_id(store: Store, index: Index, identifier: str) -> Document | None:
    """Return a publisher by its UUID, or None."""
    return store.get(kind(index, "publisher"), identifier)


def pending_publishers(store: Store, index: Index) -> list[Document]:
    """Return the pending publishers that have not expired; expired ones are deleted on the way, as a daily task does."""
    now = store.now()
    living = []
    for key, row in store.all(kind(index, "pending")):
        if now - moment_of(row["created"]) >= PENDING_LIFETIME:
            store.delete(kind(index, "pending"), key)
        else:
            living.append(row)
    return living


def remove_publisher(store: Store, index: Index, project_name: str, identifier: str) -> bool:
    """Take a publisher from a project; return whether it was there.

    The last project takes the row with it, and with the row every token that it minted.
    """
    name = normalise(project_name)
    with store.transaction():
        row = publisher_by_id(store, index, identifier)
        if row is None or name not in row["projects"]:
            return False
        row["projects"] = [other for other in row["projects"] if other != name]
        remember(store, index, name, "Trusted publisher removed", publisher=describe(row))
        if row["projects"]:
            store.put(kind(index, "publisher"), identifier, row)
            return True
        store.delete(kind(index, "publisher"), identifier)
        for minted in tokens(store, index):
            if minted["publisher"] == identifier:
                delete_token(store, index, minted["id"])
    return True


def remove_pending_publisher(store: Store, index: Index, user: str, identifier: str) -> bool:
    """Delete a user's pending publisher; return whether it was theirs."""
    row = store.get(kind(index, "pending"), identifier)
    if row is None or row["user"].lower() != user.lower():
        return False
    return store.delete(kind(index, "pending"), identifier)


def as_model(row: Document) -> Publisher:
    """Return a publisher's row as the program's value."""
    return Publisher(row["owner"], row["repository"], row["workflow"], row["environment"] or None)


def describe(row: Document) -> str:
    """Return a publisher's row in one line."""
    environment = f" (environment {row['environment']})" if row["environment"] else ""
    return f"{row['workflow']} in https://github.com/{row['owner']}/{row['repository']}{environment}"
