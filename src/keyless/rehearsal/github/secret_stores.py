"""The seven stores of secrets: real key pairs, and values kept as the sealed boxes that were sent.

A value is opened only for a run that reads it, so the rehearsal's own files hold no token's text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from keyless.model.github import StoreKind
from keyless.rehearsal.github import accounts, moments, repositories
from keyless.rehearsal.store import Document, Store

SECRET, KEY_PAIR = "github-secret", "github-key-pair"
LARGEST_VALUE = 48 * 1024
LIMITS = {StoreKind.ORGANISATION: 1000, StoreKind.ORGANISATION_DEPENDABOT: 1000}
ORGANISATIONS = frozenset(LIMITS)


class Refused(Exception):
    """GitHub would answer 422 with this message."""


@dataclass(frozen=True, slots=True)
class Place:
    """One store of secrets: `scope` is its prefix among the documents."""

    kind: StoreKind
    scope: str


def place(
    store: Store, kind: StoreKind | str, owner: str, repository: str | None = None, environment: str | None = None
) -> Place:
    """Return the store that these names mean. Raises NoSuchThing for an environment that is not there."""
    kind = StoreKind(kind)
    if kind in ORGANISATIONS:
        return Place(kind, f"{kind.value}/{owner.lower()}")
    document = repositories.repository(store, owner, repository or "")
    return repository_place(store, kind, document, environment)


def repository_place(store: Store, kind: StoreKind, document: Document, environment: str | None = None) -> Place:
    """Return the store of a repository, or of one of its environments. Raises NoSuchThing."""
    if kind is not StoreKind.ENVIRONMENT:
        return Place(kind, f"{kind.value}/{document['id']}")
    wanted = (environment or "").lower()
    for one in repositories.environments(store, document["id"]):
        if one["name"].lower() == wanted:
            return Place(kind, f"{kind.value}/{one['id']}")
    raise repositories.NoSuchThing(f"environment {environment}")


def public_key(store: Store, where: Place) -> tuple[str, str]:
    """Return the store's key id and public key (base64); the pair is made when first asked for."""
    pair = _pair(store, where)
    public = PrivateKey(base64.b64decode(pair["private"])).public_key
    return pair["key_id"], base64.b64encode(bytes(public)).decode()


def _pair(store: Store, where: Place) -> Document:
    with store.transaction():
        pair = store.get(KEY_PAIR, where.scope)
        if pair is None:
            number = 568250167242549743 + store.next_number("github-key")
            pair = {"key_id": str(number), "private": base64.b64encode(bytes(PrivateKey.generate())).decode()}
            store.put(KEY_PAIR, where.scope, pair)
    return pair


def rotate_key(store: Store, where: Place) -> None:
    """Forget the key pair: boxes sealed to the old one are refused from now on. Values that are there stay readable."""
    values = {entry["name"]: value(store, where, entry["name"]) for entry in entries(store, where)}
    with store.transaction():
        store.delete(KEY_PAIR, where.scope)
        for name, plain in values.items():
            kept = store.get(SECRET, _key(where, name)) or {}
            store.put(SECRET, _key(where, name), kept | {"box": seal(store, where, plain or "")})


def seal(store: Store, where: Place, plain: str) -> str:
    """Return `plain` as a sealed box (base64) for this store."""
    private = PrivateKey(base64.b64decode(_pair(store, where)["private"]))
    return base64.b64encode(SealedBox(private.public_key).encrypt(plain.encode())).decode()


def put(
    store: Store,
    where: Place,
    name: str,
    *,
    encrypted_value: str,
    key_id: str,
    visibility: str | None = None,
    selected: Iterable[int] = (),
) -> bool:
    """Create or replace a secret as GitHub does; return whether it is new. Raises Refused (422)."""
    _check_name(name)
    if key_id != _pair(store, where)["key_id"]:
        raise Refused("The provided key ID does not match the current public key.")
    _check_size(_open(store, where, encrypted_value))
    with store.transaction():
        before = store.get(SECRET, _key(where, name))
        if before is None and len(entries(store, where)) >= LIMITS.get(where.kind, 100):
            raise Refused(f"Failed to add secret. The limit of {LIMITS.get(where.kind, 100)} secrets is reached.")
        document: Document = {
            "name": name.upper(),
            "box": encrypted_value,
            "created_at": before["created_at"] if before else moments.now(store),
            "updated_at": moments.later(store, before["updated_at"]) if before else moments.now(store),
        }
        if where.kind in ORGANISATIONS:
            document |= {
                "visibility": visibility,
                "selected": sorted(set(selected)) if visibility == "selected" else [],
            }
        store.put(SECRET, _key(where, name), document)
    return before is None


def delete(store: Store, where: Place, name: str) -> bool:
    """Delete a secret; return whether it was there."""
    return store.delete(SECRET, _key(where, name))


def entry(store: Store, where: Place, name: str) -> Document | None:
    """Return a secret's document: name, times, box, and in an organisation's store visibility and selected ids."""
    return store.get(SECRET, _key(where, name))


def entries(store: Store, where: Place) -> list[Document]:
    """Return a store's secrets by name."""
    return [one for _, one in store.all(SECRET, f"{where.scope}/")]


def select(store: Store, where: Place, name: str, selected: Iterable[int]) -> None:
    """Replace the list of repositories that see an organisation's secret."""
    found = entry(store, where, name)
    if found is None:
        raise repositories.NoSuchThing(name)
    changed = {"selected": sorted(set(selected)), "updated_at": moments.later(store, found["updated_at"])}
    store.put(SECRET, _key(where, name), found | changed)


def seen_by(store: Store, document: Document, kind: StoreKind = StoreKind.ORGANISATION) -> list[Document]:
    """Return the secrets of the owning organisation that a repository sees."""
    owner = accounts.account(store, document["owner"])
    if owner is None or owner["type"] != "Organization":
        return []
    where = Place(kind, f"{kind.value}/{document['owner'].lower()}")
    return [one for one in entries(store, where) if _sees(one, document)]


def value(store: Store, where: Place, name: str) -> str | None:
    """Return a secret's value, as only a run can see it, or None if there is no such secret."""
    found = entry(store, where, name)
    return _open(store, where, found["box"]).decode() if found else None


def _sees(secret: Document, document: Document) -> bool:
    match secret["visibility"]:
        case "all":
            return True
        case "private":
            return bool(document["private"])
        case _:
            return document["id"] in secret["selected"]


def _open(store: Store, where: Place, box: str) -> bytes:
    private = PrivateKey(base64.b64decode(_pair(store, where)["private"]))
    try:
        return SealedBox(private).decrypt(base64.b64decode(box, validate=True))
    except (CryptoError, binascii.Error, ValueError) as error:
        raise Refused("Bad request - the encrypted value could not be decrypted with the store's key.") from error


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise Refused(
            "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_)."
            " Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
        )
    if name.upper().startswith("GITHUB_"):
        raise Refused("Secret names must not start with GITHUB_.")


def _check_size(plain: bytes) -> None:
    if len(plain) > LARGEST_VALUE:
        raise Refused("Secret value is too large. Secrets are limited to 48 KB.")


def _key(where: Place, name: str) -> str:
    return f"{where.scope}/{name.upper()}"
