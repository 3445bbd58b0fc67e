"""Who sends an upload, as far as a look at the token's identifier tells: caveats and signature come later."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from keyless.model.index import Index
from keyless.rehearsal.index import macaroon
from keyless.rehearsal.index.accounts import account
from keyless.rehearsal.index.answers import Stop, help_page
from keyless.rehearsal.index.publishers import publisher_by_id
from keyless.rehearsal.index.tokens import token
from keyless.rehearsal.store import Document, Store


@dataclass(frozen=True, slots=True)
class Identity:
    """A token that the index knows by identifier, and whose it is: exactly one of `user` and `publisher` is set."""

    macaroon: macaroon.Macaroon
    row: Document
    user: Document | None
    publisher: Document | None


def identify(store: Store, index: Index, authorization: str | None) -> Identity | None:
    """Return who an Authorization header speaks for, or None. Raises Stop for a user name and password."""
    text = _credential(index, authorization)
    if text is None:
        return None
    try:
        read = macaroon.read(text)
        row = token(store, index, read.identifier.decode())
    except ValueError:
        return None
    if row is None:
        return None
    if row["publisher"] is not None:
        publisher = publisher_by_id(store, index, row["publisher"])
        return None if publisher is None else Identity(read, row, None, publisher)
    user = account(store, index, row["user"])
    return None if user is None or user["frozen"] else Identity(read, row, user, None)


def _credential(index: Index, authorization: str | None) -> str | None:
    scheme, _, rest = (authorization or "").partition(" ")
    match scheme.lower():
        case "token" | "bearer":
            return rest
        case "basic":
            return _basic(index, rest)
        case _:
            return None


def _basic(index: Index, encoded: str) -> str | None:
    try:
        user, colon, password = base64.b64decode(encoded.strip()).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    if user == "__token__":
        return password.strip()
    if not colon:
        return None
    raise Stop(
        403,
        "Username/Password authentication is no longer supported. Migrate to API Tokens or Trusted Publishers instead. "
        f"See {help_page(index, 'apitoken')} and {help_page(index, 'trusted-publishers')}",
    )
