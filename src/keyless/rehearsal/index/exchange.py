"""Token exchange: a JWT of GitHub's issuer in, a token for 15 minutes out (warehouse, oidc/views.py)."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyless.model.index import Index, normalise
from keyless.rehearsal.index import macaroon
from keyless.rehearsal.index.accounts import create_project, project
from keyless.rehearsal.index.claims import NoPublisher, Reused, find
from keyless.rehearsal.index.documents import kind, mail, moment_of, remember, stamp
from keyless.rehearsal.index.publishers import describe, pending_publishers, publishers
from keyless.rehearsal.index.switches import switches
from keyless.rehearsal.index.tokens import (
    EXPIRATION,
    OIDC_PUBLISHER,
    PROJECT_ID,
    delete_token,
    issue,
    token,
    tokens,
)
from keyless.rehearsal.issuer import Issuer
from keyless.rehearsal.store import Document, Store
from keyless.secret import Secret

LIFETIME = 900
"""Seconds that a minted token lives."""
AUDIENCE = {Index.PYPI: "pypi", Index.TESTPYPI: "testpypi"}


@dataclass(frozen=True, slots=True)
class Minted:
    """A token and the unix second of its end."""

    token: Secret
    expires: int


class NotMinted(Exception):
    """The exchange failed: `code` is PyPI's machine-readable code, the text its description."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


def mint(store: Store, index: Index, issuer: Issuer, body: bytes) -> Minted:
    """Exchange the JWT in a request's body. Raises NotMinted."""
    _purge(store, index)
    claims = _claims(store, index, issuer, body)
    with store.transaction():
        stale = not _reify(store, index, claims)
    if stale:
        raise NotMinted("invalid-pending-publisher", "valid token, but project already exists")
    try:
        row = find(publishers(store, index), claims, used=_used(store, index, claims))
    except Reused:
        raise NotMinted("invalid-reuse-token", "invalid token: already used") from None
    except NoPublisher as error:
        text = f"valid token, but no corresponding publisher ({error})"
        raise NotMinted("invalid-publisher", text) from None
    with store.transaction():
        store.put(kind(index, "jti"), str(claims["jti"]), {"at": stamp(store)})
        return _issue(store, index, row)


def _claims(store: Store, index: Index, issuer: Issuer, body: bytes) -> dict[str, Any]:
    import jwt

    text = _payload(body)
    try:
        unverified_issuer = jwt.decode(text, options={"verify_signature": False})["iss"]
    except (jwt.PyJWTError, KeyError):
        raise NotMinted("invalid-payload", "malformed JWT") from None
    if unverified_issuer != issuer.url:
        raise NotMinted("invalid-payload", "unknown trusted publishing issuer")
    if switches(store, index).trusted_publishing_disabled:
        raise NotMinted("not-enabled", "github trusted publishing functionality not enabled")
    claims = issuer.verify(text, AUDIENCE[index])
    if claims is None:
        raise NotMinted("invalid-token", "malformed or invalid token")
    return claims


def _payload(body: bytes) -> str:
    from pydantic import BaseModel, ConfigDict, StrictStr, ValidationError

    class TokenPayload(BaseModel):
        model_config = ConfigDict(title="TokenPayload")
        token: StrictStr

    try:
        return TokenPayload.model_validate_json(body).token
    except ValidationError as error:
        raise NotMinted("invalid-payload", str(error)) from None


def _used(store: Store, index: Index, claims: Mapping[str, Any]) -> bool:
    return store.get(kind(index, "jti"), str(claims.get("jti"))) is not None


def _reify(store: Store, index: Index, claims: Mapping[str, Any]) -> bool:
    """Turn a pending publisher that matches into a project with a publisher, when there is one.

    False: there is one, and its project was created by somebody else meanwhile; it is deleted.
    """
    try:
        pending = find(pending_publishers(store, index), claims, used=_used(store, index, claims))
    except (NoPublisher, Reused):
        return True
    store.delete(kind(index, "pending"), pending["id"])
    if project(store, index, pending["project"]) is not None:
        return False
    create_project(store, index, pending["project"], [pending["user"]])
    key = normalise(pending["project"])
    values = {name: pending[name] for name in ("owner", "owner_id", "repository", "workflow", "environment")}
    same = (row for row in publishers(store, index) if all(row[name] == value for name, value in values.items()))
    row: Document = next(same, {**values, "id": pending["id"], "projects": []})
    store.put(kind(index, "publisher"), row["id"], {**row, "projects": [*row["projects"], key]})
    remember(store, index, key, "Trusted publisher added", publisher=describe(row))
    subject = f"A pending trusted publisher was used to create the project {pending['project']}"
    mail(store, index, pending["user"], subject, describe(row))
    for other in pending_publishers(store, index):
        if normalise(other["project"]) == key and other["user"] != pending["user"]:
            store.delete(kind(index, "pending"), other["id"])
    return True


def _issue(store: Store, index: Index, row: Document) -> Minted:
    held = [project(store, index, name) for name in row["projects"]]
    now = int(store.now().timestamp())
    expires = now + LIFETIME
    owner: Document = {
        "user": None,
        "publisher": row["id"],
        "project": None,
        "description": f"OpenID token: {row['workflow']} ({stamp(store)})",
    }
    text = issue(
        store,
        index,
        owner,
        [
            [OIDC_PUBLISHER, row["id"], None],
            [PROJECT_ID, [body["id"] for body in held if body is not None]],
            [EXPIRATION, expires, now],
        ],
    )
    for name in row["projects"]:
        remember(store, index, name, "Short-lived API token created", publisher=describe(row))
    return Minted(text, expires)


def burn(store: Store, index: Index, body: bytes) -> bool:
    """Delete the minted token in a request's body, as uv asks after each upload; return whether that is what it was.

    A person's token is left alone.
    """
    try:
        shown = macaroon.read(json.loads(body)["token"])
        row = token(store, index, shown.identifier.decode())
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    if row is None or row["publisher"] is None:
        return False
    signature = macaroon.chain(base64.b64decode(row["root_key"]), shown.identifier, shown.caveats)
    return hmac.compare_digest(signature, shown.signature) and delete_token(store, index, row["id"])


def _purge(store: Store, index: Index) -> None:
    """Delete minted tokens older than a day, as PyPI's daily task does."""
    for row in tokens(store, index):
        if row["publisher"] is not None and (store.now() - moment_of(row["created"])).total_seconds() > 86_400:
            delete_token(store, index, row["id"])
