"""A small world on the simulated GitHub, and a client whose every exchange is held against GitHub's description."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator

import httpx
import pytest
from nacl.public import PublicKey, SealedBox

from keyless.rehearsal.github import state
from keyless.rehearsal.github.app import github_app
from keyless.rehearsal.store import Store
from tests.contract.checked import Checked

ADA = "ghp_" + "A" * 36
BOB = "ghp_" + "B" * 36
EVE = "ghp_" + "E" * 36
FINE = "github_pat_" + "F" * 82
WORKFLOW = b"name: Release\r\non: push\r\njobs: {}\r\n"
HOST = "https://api.github.rehearsal"


class Client:
    """Asks the simulated GitHub as somebody; every exchange is checked."""

    def __init__(self, store: Store, token: str | None) -> None:
        self._store, self._token = store, token

    def ask(self, method: str, path: str, *, json: object = None, **headers: str) -> httpx.Response:
        """Send one request; header names are given with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._token:
            sent.setdefault("Authorization", f"Bearer {self._token}")

        async def go() -> httpx.Response:
            transport = Checked(httpx.ASGITransport(github_app(self._store, "https://github.rehearsal")))
            async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
                return await client.request(method, path, json=json, headers=sent)

        return asyncio.run(go())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, **headers)

    def json(self, path: str) -> object:
        """Return the JSON of a GET that must succeed."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def graphql(self, query: str, **variables: object) -> dict:
        """Return the answer to a GraphQL query."""
        answer = self.ask("POST", "/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def seal(self, base: str, value: str) -> dict[str, str]:
        """Return the body of a PUT that stores `value`, sealed with the public key at `base`."""
        key = self.json(f"{base}/public-key")
        box = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(value.encode())
        return {"encrypted_value": base64.b64encode(box).decode(), "key_id": key["key_id"]}


@pytest.fixture
def store() -> Iterator[Store]:
    """acme is ada's organisation with a public and a private repository; bob may write to the public one; eve may
    read. ada owns ada/own.
    """
    store = Store()
    state.create_user(store, "ada", ADA)
    state.create_user(store, "bob", BOB)
    state.create_user(store, "eve", EVE)
    state.create_organisation(store, "acme", members={"ada": "admin", "bob": "member"})
    files = {".github/workflows/release.yml": WORKFLOW, "README.md": b"hello\n", "src/demo/__init__.py": b""}
    state.create_repository(store, "acme", "demo", owner_is_organisation=True, files=files, members={"bob": "write"})
    state.create_repository(store, "acme", "hidden", owner_is_organisation=True, files=files, private=True)
    state.create_repository(store, "ada", "own", files=files)
    yield store
    store.close()


@pytest.fixture
def ada(store: Store) -> Client:
    return Client(store, ADA)


@pytest.fixture
def bob(store: Store) -> Client:
    return Client(store, BOB)


@pytest.fixture
def eve(store: Store) -> Client:
    return Client(store, EVE)


@pytest.fixture
def nobody(store: Store) -> Client:
    return Client(store, None)
