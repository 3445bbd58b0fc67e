"""Between the wire and an endpoint: who asks, limits, what the address means, permission; then GitHub's headers."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus

from keyless.rehearsal.github import access, accounts, limits, repositories, routing, secret_stores
from keyless.rehearsal.github.answers import Answer, Call, Endpoint, Refusal, read_query
from keyless.rehearsal.github.rights import Actor
from keyless.rehearsal.store import Document, Store

API_VERSIONS = ("2022-11-28", "2026-03-10")
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    " If you reach out to GitHub Support for help, please include the request ID {identifier}."
)
PRIMARY = (
    "API rate limit exceeded for user ID {user}. If you reach out to GitHub Support for help, please include the"
    " request ID {identifier}."
)
READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it arrived: `path` undecoded, `host` with scheme, header names in lower case."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    content: bytes


class Gate:
    """Answers every request to the simulated GitHub."""

    def __init__(self, store: Store, router: routing.Router, web: str | None) -> None:
        self._store, self._router, self._web = store, router, web

    def answer(self, wire: Wire) -> Answer:
        """Return the answer with all its headers; HEAD's and 304's without a body."""
        identifier = ":".join(secrets.token_hex(n).upper() for n in (2, 3, 4, 4, 4))
        actor: Actor | None = None
        found = self._router.find(wire.method, self._named_path(wire)[1])
        try:
            _check_manners(wire)
            actor = access.identify(self._store, wire.headers.get("authorization"))
            answer = self._limited(wire, actor, *found, identifier) if found else Refusal(404, "Not Found").answer
        except Refusal as refusal:
            answer = refusal.answer
        endpoint = found[0] if found else None
        answer = _not_modified(wire, answer)
        headers = self._common_headers(wire, actor, endpoint, identifier)
        headers |= self._spend(answer, actor, endpoint)
        return Answer(answer.status, None if wire.method == "HEAD" else answer.body, {**headers, **answer.headers})

    def _named_path(self, wire: Wire) -> tuple[str, str]:
        prefix, path = routing.split_prefix(wire.path)
        return prefix, routing.by_number(self._store, path)

    def _limited(
        self, wire: Wire, actor: Actor | None, endpoint: Endpoint, params: dict[str, str], identifier: str
    ) -> Answer:
        login = actor.login if actor else None
        if endpoint.resource == "none":
            return self._permitted(wire, actor, endpoint, params)
        left = limits.quota(self._store, login, endpoint.resource)
        if left.remaining < 1:
            account = accounts.account(self._store, login or "") or {"id": 0}
            message = PRIMARY.format(user=account["id"], identifier=identifier)
            if endpoint.resource == "graphql":
                return Answer(200, {"errors": [{"type": "RATE_LIMITED", "message": message}]})
            raise Refusal(limits.primary_status(self._store), message)
        graphql = endpoint.resource == "graphql"
        points = 1 if wire.method in READS or (graphql and b"mutation" not in wire.content) else 5
        creates = endpoint.creates or (graphql and b"createCommitOnBranch" in wire.content)
        hit = limits.secondary(self._store, login, points=points, graphql=graphql, creates=creates)
        if hit is not None:
            headers = {} if hit.retry_after is None else {"Retry-After": str(hit.retry_after)}
            raise Refusal(hit.status, SECONDARY.format(identifier=identifier), headers=headers)
        return self._permitted(wire, actor, endpoint, params)

    def _permitted(self, wire: Wire, actor: Actor | None, endpoint: Endpoint, params: dict[str, str]) -> Answer:
        prefix, path = self._named_path(wire)
        subject: Document = {}
        canonical = path
        if "repo" in params and "owner" in params:
            subject = self._repository(wire, actor, endpoint, params)
            canonical = f"/repositories/{subject['id']}{_after(path, 4)}"
        elif "org" in params:
            subject = self._organisation(actor, endpoint, params["org"])
            canonical = f"/organizations/{subject['id']}{_after(path, 3)}"
        elif actor is None and not endpoint.needs.public:
            raise Refusal(401, "Requires authentication")
        call = Call(
            store=self._store,
            actor=actor,
            subject=subject,
            params=params,
            query=read_query(wire.query),
            body=_read_json(wire.content),
            api=wire.host + prefix,
            web=self._web or wire.host.replace("://api.", "://"),
            path=canonical,
            accept=wire.headers.get("accept", ""),
        )
        try:
            if wire.method in READS:
                return endpoint.handler(call)
            with self._store.transaction():
                return endpoint.handler(call)
        except repositories.NoSuchThing as missing:
            raise Refusal(404, "Not Found") from missing
        except secret_stores.Refused as refused:
            raise Refusal(422, str(refused)) from refused

    def _repository(self, wire: Wire, actor: Actor | None, endpoint: Endpoint, params: dict[str, str]) -> Document:
        found = repositories.lookup(self._store, params["owner"], params["repo"])
        if found is None:
            raise Refusal(404, "Not Found")
        document, moved = found
        if not access.visible(self._store, actor, document):
            raise Refusal(404, "Not Found")
        if moved:
            raise self._moved(wire, document)
        changes = wire.method not in READS
        access.permit_repository(self._store, actor, document, endpoint.needs, changes=changes)
        return document

    def _moved(self, wire: Wire, document: Document) -> Refusal:
        prefix, path = routing.split_prefix(wire.path)
        query = f"?{wire.query}" if wire.query else ""
        address = f"{wire.host}{prefix}/repositories/{document['id']}{_after(path, 4)}{query}"
        if wire.method in READS:
            return Refusal(301, "Moved Permanently", moved_to=address)
        return Refusal(307, "Temporary Redirect", moved_to=address)

    def _organisation(self, actor: Actor | None, endpoint: Endpoint, name: str) -> Document:
        document = accounts.account(self._store, name)
        if document is None or document["type"] != "Organization":
            raise Refusal(404, "Not Found")
        access.permit_organisation(self._store, actor, document, endpoint.needs)
        return document

    def _spend(self, answer: Answer, actor: Actor | None, endpoint: Endpoint | None) -> dict[str, str]:
        if endpoint is None or endpoint.resource == "none":
            return {}
        login = actor.login if actor else None
        free = answer.status in (HTTPStatus.NOT_MODIFIED, HTTPStatus.UNAUTHORIZED)
        left = None if free else limits.spend(self._store, login, endpoint.resource)
        return (left or limits.quota(self._store, login, endpoint.resource)).headers

    def _common_headers(
        self, wire: Wire, actor: Actor | None, endpoint: Endpoint | None, identifier: str
    ) -> dict[str, str]:
        headers = {
            "Date": format_datetime(self._store.now(), usegmt=True),
            "Server": "github.com",
            "X-GitHub-Request-Id": identifier,
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": wire.headers.get("x-github-api-version", API_VERSIONS[0]),
        }
        if wire.method in READS:
            headers["Cache-Control"] = "private, max-age=60, s-maxage=60"
            headers["Vary"] = "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With"
        if actor and actor.fine_grained and endpoint:
            headers["X-Accepted-GitHub-Permissions"] = endpoint.needs.header
        elif actor and not actor.fine_grained:
            headers["X-OAuth-Scopes"] = ", ".join(sorted(actor.scopes))
            headers["X-Accepted-OAuth-Scopes"] = ", ".join(endpoint.needs.scopes) if endpoint else ""
        return headers


def _after(path: str, parts: int) -> str:
    return "".join(f"/{part}" for part in path.split("/")[parts:])


def _check_manners(wire: Wire) -> None:
    if not wire.headers.get("user-agent"):
        raise Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent.")
    version = wire.headers.get("x-github-api-version")
    if version is not None and version not in API_VERSIONS:
        raise Refusal(400, f"The version {version} of the API is not supported.")


def _read_json(content: bytes) -> Document:
    if not content.strip():
        return {}
    try:
        body = json.loads(content)
    except ValueError as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "Body should be a JSON object")
    return body


def _not_modified(wire: Wire, answer: Answer) -> Answer:
    if answer.status != HTTPStatus.OK or wire.method not in READS:
        return answer
    content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
    tag = f'W/"{hashlib.sha256(content).hexdigest()}"'
    asked = {one.strip() for one in wire.headers.get("if-none-match", "").split(",")}
    headers = {**answer.headers, "ETag": tag}
    return Answer(304, None, headers) if tag in asked else Answer(answer.status, answer.body, headers)
