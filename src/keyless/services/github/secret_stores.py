"""The seven stores of secrets: entries, sealed values, selected repositories."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Final

from keyless.errors import NotAllowed, StalePlan, UsageError
from keyless.model.github import Repository, SecretEntry, Selected, Store, StoreKind, Visibility
from keyless.model.reading import Found, Reading, Unreadable
from keyless.secret import Secret
from keyless.services.github import answers
from keyless.services.github.client import Reply, Value
from keyless.services.github.paths import part, repository_path, store_path
from keyless.services.github.wire import Topic
from keyless.services.retry import Call

LARGEST: Final = 48 * 1024
"""Bytes that a secret may have (facts/github.md)."""


class SecretStores(Topic):
    """Lists, puts and deletes secrets. A value goes out only in a box sealed for the store (S7)."""

    async def secrets(self, store: Store) -> Reading[tuple[SecretEntry, ...]]:
        """Return the entries of one store. An organisation's come with visibility and selected repositories."""
        path, what = store_path(store), f"secrets of {store}"
        found = await self._wire.pages(path, answers.SecretPage, lambda page: page.secrets, what)
        if isinstance(found, Unreadable):
            return found
        entries = await asyncio.gather(*(self._entry(store, item) for item in found.value))
        complete: list[SecretEntry] = []
        for entry in entries:
            if isinstance(entry, Unreadable):
                return entry
            complete.append(entry.value)
        return Found(tuple(complete))

    async def _entry(self, store: Store, item: answers.SecretItem) -> Found[SecretEntry] | Unreadable:
        selected: tuple[Selected, ...] = ()
        visibility = Visibility(item.visibility) if item.visibility in {v.value for v in Visibility} else None
        if visibility is Visibility.SELECTED:
            path, what = f"{store_path(store)}/{part(item.name)}/repositories", f"the list of {item.name} in {store}"
            found = await self._wire.pages(path, answers.SelectedPage, lambda page: page.repositories, what)
            if isinstance(found, Unreadable):
                return found
            selected = tuple(Selected(one.id, Repository(one.owner.login, one.name)) for one in found.value)
        return Found(SecretEntry(store, item.name, item.created_at, item.updated_at, visibility, selected))

    async def organisation_secrets_seen(self, repository: Repository) -> Reading[tuple[SecretEntry, ...]]:
        """Return the organisation secrets that this repository sees; `selected` stays empty here."""
        path = f"{repository_path(repository)}/actions/organization-secrets"
        what = f"organisation secrets that {repository} sees"
        match await self._wire.pages(path, answers.SecretPage, lambda page: page.secrets, what):
            case Found(items):
                store = Store(StoreKind.ORGANISATION, repository.owner)
                return Found(tuple(SecretEntry(store, i.name, i.created_at, i.updated_at) for i in items))
            case unreadable:
                return unreadable

    async def put_secret(
        self,
        store: Store,
        name: str,
        value: Secret,
        *,
        visibility: Visibility | None = None,
        selected_ids: Sequence[int] = (),
    ) -> None:
        """Create or replace a secret: fetches the store's public key and sends a sealed box (S7)."""
        if len(value.reveal().encode()) > LARGEST:
            raise UsageError(f"The value for {name} is larger than the 48 KB that a secret may have.")
        rest: dict[str, Value] = {}
        if visibility is not None:
            rest["visibility"] = visibility.value
            if visibility is Visibility.SELECTED:
                rest["selected_repository_ids"] = list(selected_ids)
        reply = await self._put(store, name, value, rest)
        if reply.status == 422:  # the store's key may have changed between the two requests
            reply = await self._put(store, name, value, rest)
        if not reply.response.is_success:
            raise self._wire.refused(reply, f"put secret {name} into {store}")

    async def _put(self, store: Store, name: str, value: Secret, rest: dict[str, Value]) -> Reply[None]:
        path = store_path(store)
        key = await self._wire.read(f"{path}/public-key", answers.PublicKey, f"the public key of {store}")
        if isinstance(key, Unreadable):
            raise NotAllowed(
                f"Secret {name} cannot be put into {store}: {key.because}.",
                hint=f"The token needs {key.permission or 'to write secrets there'}.",
            )
        box = _seal(key.value, value)
        body: dict[str, Value] = {"encrypted_value": box, "key_id": key.value.key_id, **rest}
        return await self._wire.write("PUT", f"{path}/{part(name)}", Call.REPLACE, body)

    async def delete_secret(self, store: Store, name: str) -> None:
        """Delete a secret. Deleting one that is gone already is no error; the caller confirms by listing."""
        reply: Reply[None] = await self._wire.write("DELETE", f"{store_path(store)}/{part(name)}", Call.DELETE)
        if not reply.response.is_success and reply.status != 404:
            raise self._wire.refused(reply, f"delete secret {name} from {store}")

    async def unselect(self, store: Store, name: str, repository_id: int) -> None:
        """Take one repository off an organisation secret's list. One that is off already is no error."""
        reply = await self._list("DELETE", store, name, repository_id)
        if not reply.response.is_success and reply.status != 404:
            raise self._wire.refused(reply, f"take a repository off the list of {name} in {store}")

    async def select(self, store: Store, name: str, repository_id: int) -> None:
        """Put one repository on an organisation secret's list."""
        reply = await self._list("PUT", store, name, repository_id)
        if reply.status == 404:
            raise StalePlan(
                f"{name} in {store}, or the repository that belongs on its list, is not there or cannot be seen.",
                hint="Look at the organisation's secrets, then run the command again.",
            )
        if not reply.response.is_success:
            raise self._wire.refused(reply, f"put a repository on the list of {name} in {store}")

    async def _list(self, method: str, store: Store, name: str, repository_id: int) -> Reply[None]:
        path = f"{store_path(store)}/{part(name)}/repositories/{repository_id}"
        return await self._wire.write(method, path, Call.REPLACE)


def _seal(key: answers.PublicKey, value: Secret) -> str:
    """Return base64 of `value` in a libsodium sealed box that only GitHub can open."""
    from nacl.public import PublicKey, SealedBox

    public = PublicKey(base64.b64decode(key.key))
    return base64.b64encode(SealedBox(public).encrypt(value.reveal().encode())).decode()
