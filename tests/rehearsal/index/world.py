"""A small world for these tests: an index with people, projects and a browser, all in process."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

import httpx

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.rehearsal.github.accounts import create_user
from keyless.rehearsal.index import state
from keyless.rehearsal.index.app import index_app
from keyless.rehearsal.issuer import Issuer, Job, job_claims
from keyless.rehearsal.store import Document, Store
from keyless.secret import Secret

SIMPLE = "application/vnd.pypi.simple.v1+json"
RELEASE = Publisher("octo", "sampleproj", "release.yml")


@dataclass
class World:
    """PyPI with ada (owner of sampleproj) and mallory, GitHub with octo; `judged` is what the checker was asked.

    Without a `checker` every attestation is accepted.
    """

    store: Store
    index: Index
    octo: int
    issuer: Issuer
    judged: list[tuple[object, ...]] = field(default_factory=list)
    checker: Callable[[Publisher, str, str, str], Document] | None = None

    def attest(self, publisher: Publisher, attestations: str, filename: str, sha256: str) -> Document:
        self.judged.append((publisher, attestations, filename, sha256))
        if self.checker is not None:
            return self.checker(publisher, attestations, filename, sha256)
        stated = {"kind": "GitHub", "repository": f"{publisher.owner}/{publisher.repository}"}
        return {"version": 1, "attestation_bundles": [{"publisher": stated, "attestations": [{"version": 1}]}]}

    @property
    def app(self):
        return index_app(self.store, self.index, self.issuer, self.attest)

    def ask(self, method: str, path: str, **more) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app), base_url="https://index.rehearsal"
            ) as client:
                return await client.request(method, path, **more)

        return asyncio.run(send())

    def upload(self, token: Secret | str | None, artefact: tuple[str, bytes] | None = None, **fields) -> httpx.Response:
        """Post a complete form for `artefact` (default: sampleproj's wheel 1.0); a field of None is left out."""
        filename, content = artefact or state.wheel("sampleproj", "1.0")
        form = {**form_for(filename, content), **fields}
        text = token.reveal() if isinstance(token, Secret) else token
        return self.ask(
            "POST",
            "/legacy/",
            data={name: value for name, value in form.items() if value is not None},
            files={"content": (filename, content, "application/octet-stream")},
            auth=None if text is None else ("__token__", text),
        )

    def user_token(self, user: str = "ada", project: str | None = None, description: str = "a token") -> Secret:
        return state.create_token(self.store, self.index, user, project, description)

    def jwt(self, audience: str = "pypi", **changes) -> str:
        return self.issuer.jwt(self.claims(audience, **changes))

    def claims(self, audience: str = "pypi", **changes) -> dict[str, str]:
        job = Job(
            "octo/sampleproj",
            77,
            self.octo,
            ".github/workflows/release.yml",
            "Release",
            "refs/tags/v1.0",
            "a" * 40,
            "release",
            "ada",
            5,
        )
        claims = {**job_claims(job), "aud": audience, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def mint(self, jwt: str | None = None) -> httpx.Response:
        return self.ask("POST", "/_/oidc/mint-token", json={"token": jwt or self.jwt()})

    def minted(self) -> Secret:
        answer = self.mint()
        assert answer.status_code == 200, answer.text
        return Secret(answer.json()["token"])

    def last_used(self, token: Secret) -> str | None:
        return state.token(self.store, self.index, state.token_identifier(token))["last_used"]


def make_world(index: Index, issuer_key: Document) -> World:
    store = Store()
    store.put("issuer.key", "signing", issuer_key)
    octo = create_user(store, "octo")
    for user in ("ada", "mallory"):
        state.create_account(store, index, user, f"{user}'s password", f"{user}@example.org")
    state.create_project(store, index, "sampleproj", ["ada"])
    return World(store, index, octo, Issuer(store))


def form_for(filename: str, content: bytes) -> dict[str, str]:
    wheel = filename.endswith(".whl")
    return {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": "sampleproj",
        "version": filename.split("-")[1].removesuffix(".tar.gz"),
        "filetype": "bdist_wheel" if wheel else "sdist",
        "pyversion": "py3" if wheel else "source",
        "sha256_digest": hashlib.sha256(content).hexdigest(),
    }


def reason(response: httpx.Response) -> str:
    """Return an error as status and reason phrase, the way that twine shows it."""
    return f"{response.status_code} {response.headers['x-keyless-reason']}"


class Browser:
    """A person's browser: keeps cookies, follows redirects, and fills in forms that it finds on a page."""

    def __init__(self, world: World, user: str | None = None) -> None:
        self.world, self.cookies, self.page, self.status = world, httpx.Cookies(), "", 0
        self.at = "/"
        if user:
            self.open("/account/login/")
            self.submit(username=user, password=f"{user}'s password")

    def open(self, path: str) -> str:
        return self._go("GET", path)

    def submit(self, containing: str = "", **values: str) -> str:
        """Fill in the first form that contains a text, and send it."""
        form = next(form for form in re.findall(r"<form.*?</form>", self.page, re.DOTALL) if containing in form)
        action = re.search(r'action="([^"]*)"', form)[1].split("#")[0]
        kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        kept |= dict(re.findall(r'<input name="(\w+)" value="([^"]*)"', form))
        return self._go("POST", unescape(action), {name: unescape(text) for name, text in kept.items()} | values)

    def _go(self, method: str, path: str, data: dict[str, str] | None = None) -> str:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.world.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="https://index.rehearsal", cookies=self.cookies, follow_redirects=True
            ) as client:
                response = await client.request(method, path, data=data)
                self.cookies = client.cookies
                return response

        response = asyncio.run(send())
        self.page, self.status, self.at = response.text, response.status_code, str(response.url.raw_path.decode())
        return self.page
