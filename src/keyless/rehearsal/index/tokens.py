"""API tokens of one index: made by a person or minted by trusted publishing, each with a root key of its own."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Sequence

from keyless.model.index import Index, normalise
from keyless.rehearsal.index import macaroon
from keyless.rehearsal.index.accounts import account, project
from keyless.rehearsal.index.documents import Refused, kind, remember, stamp
from keyless.rehearsal.store import Document, Store
from keyless.secret import Secret

EXPIRATION, PROJECT_NAME, PROJECT_ID, REQUEST_USER, OIDC_PUBLISHER = range(5)
"""Tags of PyPI's caveats, which are JSON arrays `[tag, …fields]` (warehouse, macaroons/caveats)."""


def create_token(store: Store, index: Index, user: str, project_name: str | None, description: str) -> Secret:
    """Issue a token of `user`, for one project or (None) for the whole account. Raises Refused as the form would."""
    body = account(store, index, user)
    if body is None:
        raise Refused(f"{index.label} has no account {user}")
    if any(held["description"] == description for held in tokens_of(store, index, user)):
        raise Refused("API token name already in use")
    if project_name is None:
        caveats: list[list[object]] = [[REQUEST_USER, body["id"]]]
    else:
        scoped = project(store, index, project_name)
        if scoped is None:
            raise Refused(f"Unknown or invalid project name: {project_name}")
        caveats = [[PROJECT_NAME, [scoped["normalised"]]], [PROJECT_ID, [scoped["id"]]]]
        remember(store, index, scoped["normalised"], "API token created", by=body["user"], token=description)
    scope = None if project_name is None else normalise(project_name)
    owner: Document = {"user": body["user"], "publisher": None, "project": scope, "description": description}
    return issue(store, index, owner, caveats)


def issue(store: Store, index: Index, owner: Document, caveats: Sequence[Sequence[object]]) -> Secret:
    """Make a token with these caveats and keep its root key; `owner` says whose it is and what it is called."""
    identifier, root_key = str(uuid.uuid4()), secrets.token_bytes(32)
    encoded = tuple(serialise(caveat) for caveat in caveats)
    text = macaroon.mint(index.location, identifier, root_key, encoded)
    body: Document = {
        **owner,
        "id": identifier,
        "root_key": base64.b64encode(root_key).decode(),
        "caveats": [list(caveat) for caveat in caveats],
        "created": stamp(store),
        "last_used": None,
    }
    with store.transaction():
        store.put(kind(index, "token"), identifier, body)
        store.put(kind(index, "token-text"), identifier, {"text": text})
    return Secret(text)


def serialise(caveat: Sequence[object]) -> bytes:
    """Return a caveat as PyPI writes it: compact JSON."""
    return json.dumps(list(caveat), sort_keys=True, separators=(",", ":")).encode()


def token(store: Store, index: Index, identifier: str) -> Document | None:
    """Return a token's row by its UUID (any spelling that a UUID has), or None."""
    try:
        key = str(uuid.UUID(identifier))
    except ValueError:
        return None
    return store.get(kind(index, "token"), key)


def tokens_of(store: Store, index: Index, user: str) -> list[Document]:
    """Return a user's tokens, oldest first."""
    held = [body for _, body in store.all(kind(index, "token")) if (body["user"] or "").lower() == user.lower()]
    return sorted(held, key=lambda body: str(body["created"]))


def tokens(store: Store, index: Index) -> list[Document]:
    """Return every living token, minted ones included."""
    return [body for _, body in store.all(kind(index, "token"))]


def token_value(store: Store, index: Index, identifier: str) -> Secret:
    """Return a token's text by its UUID; deleted ones are remembered too, so that a search for leaks knows them all."""
    kept = store.get(kind(index, "token-text"), identifier)
    if kept is None:
        raise KeyError(identifier)
    return Secret(kept["text"])


def token_values(store: Store, index: Index) -> list[Secret]:
    """Return the text of every token that this index ever issued."""
    return [Secret(kept["text"]) for _, kept in store.all(kind(index, "token-text"))]


def delete_token(store: Store, index: Index, identifier: str) -> bool:
    """Delete a token, and with it every narrowed copy; return whether it was there."""
    with store.transaction():
        body = token(store, index, identifier)
        if body is None:
            return False
        if body["project"]:
            remember(store, index, body["project"], "API token removed", token=body["description"])
        return store.delete(kind(index, "token"), body["id"])


def touch(store: Store, index: Index, identifier: str) -> None:
    """Note that a token was used just now. Only a request whose caveats and signature were all right does this."""
    with store.transaction():
        body = token(store, index, identifier)
        if body is not None:
            store.put(kind(index, "token"), body["id"], {**body, "last_used": stamp(store)})


def token_identifier(text: Secret) -> str:
    """Return the UUID in a token's text. Raises macaroon.Malformed."""
    return macaroon.read(text.reveal()).identifier.decode()
