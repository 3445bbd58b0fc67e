"""Every request to the simulated GitHub, and every answer of it, held against GitHub's own description.

Wrap a transport or an application:

    httpx.AsyncClient(transport=Checked(httpx.ASGITransport(github_app(store))), base_url="https://api.github.test")
    CheckedApp(github_app(store))

A request that the description does not know fails, one that it refuses must be refused by the application, too, and an
answer must be as described. What the description leaves out for most operations (401, 403, 404, 429, redirects, 304)
must have GitHub's usual form. GraphQL is not part of the description: only its envelope is checked.
"""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import httpx
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

CUT = Path(__file__).with_name("github.json.gz")
HOST = "https://api.github.com"
USUAL = frozenset({301, 304, 307, 400, 401, 403, 404, 405, 409, 422, 429, 500, 502, 503})
GREEDY = ("/contents/{path}", "/{ref}", "/{branch}", "/{tree_sha}")
APPROVED: set[tuple[object, ...]] = set()
"""Requests and answers that were found right before, byte for byte: a check takes about 4 ms, a look here none."""
SEEN: set[tuple[str, str, int]] = set()
"""(method, path of the description, status) of every exchange that was checked in this process."""


class NotAsDescribed(AssertionError):
    """An exchange is not as GitHub describes it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, whole."""

    method: str
    url: str
    request_headers: list[tuple[str, str]]
    request_content: bytes
    status: int
    content_type: str
    content: bytes


@dataclass(slots=True)
class _Request:
    path: str
    method: str
    content_type: str
    body: bytes | None
    parameters: RequestParameters = field(default_factory=RequestParameters)
    host_url: str = HOST


@dataclass(slots=True)
class _Response:
    status_code: int
    content_type: str
    data: bytes
    headers: Headers = field(default_factory=Headers)


def check(exchange: Exchange) -> None:
    """Raise NotAsDescribed unless the exchange is as GitHub describes it."""
    parts = urlsplit(exchange.url)
    path = re.sub(r"^/api(/v3)?(?=/)", "", parts.path)
    if path == "/graphql":
        _check_graphql(exchange)
        return
    method = "get" if exchange.method == "HEAD" else exchange.method.lower()
    template = find(method, path)
    SEEN.add((method, template, exchange.status))
    request = _Request(_encoded(template, path), method, "application/json", exchange.request_content or None)
    request.parameters.query = ImmutableMultiDict(parse_qsl(parts.query))
    request.parameters.header = Headers(exchange.request_headers)
    if exchange.status < 400:
        key = ("request", method, request.path, parts.query, exchange.request_content)
        _judge(exchange, key, lambda: _description().validate_request(request))
    documented = _responses()[method, template]
    if exchange.status not in documented or exchange.status in (304, 204):
        _check_usual(exchange, documented)
    elif exchange.method != "HEAD" and not _is_raw(exchange):
        content_type = exchange.content_type.partition(";")[0]
        response = _Response(exchange.status, content_type, exchange.content)
        key = ("response", method, template, exchange.status, content_type, exchange.content)
        _judge(exchange, key, lambda: _description().validate_response(request, response))


def find(method: str, path: str) -> str:
    """Return the description's path for a real one. Raises NotAsDescribed when there is none."""
    named = re.sub(r"^/repositories/\d+", "/repos/owner/repo", re.sub(r"^/organizations/\d+", "/orgs/org", path))
    for template, pattern in _patterns():
        if (method, template) in _responses() and pattern.fullmatch(named):
            return template
    raise NotAsDescribed(f"GitHub's description, as it was cut, has no {method.upper()} {path}")


def _encoded(template: str, path: str) -> str:
    named = re.sub(r"^/repositories/\d+", "/repos/owner/repo", re.sub(r"^/organizations/\d+", "/orgs/org", path))
    pattern = dict(_patterns())[template]
    found = pattern.fullmatch(named)
    assert found is not None
    values = {name: quote(unquote(value), safe="") for name, value in found.groupdict().items()}
    return template.format(**values)


def _judge(exchange: Exchange, key: tuple[object, ...], validate: Callable[[], None]) -> None:
    if key in APPROVED:
        return
    try:
        validate()
        APPROVED.add(key)
    except OpenAPIError as error:
        reasons = [str(one) for one in getattr(error.__cause__, "schema_errors", ())] or [str(error.__cause__ or error)]
        told = "\n".join(reason[:400] for reason in reasons)
        raise NotAsDescribed(
            f"{exchange.method} {exchange.url} -> {exchange.status}: {str(error)[:400]}\n{told}"
        ) from None


def _check_usual(exchange: Exchange, documented: frozenset[int]) -> None:
    where = f"{exchange.method} {exchange.url} -> {exchange.status}"
    if exchange.status not in USUAL | documented:
        raise NotAsDescribed(f"{where}: this status is not described")
    if exchange.status in (204, 304) or exchange.method == "HEAD":
        if exchange.content:
            raise NotAsDescribed(f"{where}: has a body")
        return
    body = json.loads(exchange.content)
    if not isinstance(body.get("message"), str) or not isinstance(body.get("documentation_url"), str):
        raise NotAsDescribed(f"{where}: not GitHub's form of an error: {body}")


def _check_graphql(exchange: Exchange) -> None:
    body = json.loads(exchange.content)
    if exchange.status == 200 and not isinstance(json.loads(exchange.request_content).get("query"), str):
        raise NotAsDescribed("a GraphQL request without a query was answered")
    if exchange.status == 200 and not ("data" in body or "errors" in body):
        raise NotAsDescribed(f"a GraphQL answer has data or errors: {body}")
    for error in body.get("errors", ()) if exchange.status == 200 else ():
        if not isinstance(error.get("message"), str):
            raise NotAsDescribed(f"a GraphQL error has a message: {error}")


def _is_raw(exchange: Exchange) -> bool:
    return exchange.content_type.startswith("application/vnd.github.raw")


@functools.cache
def _raw_description() -> dict[str, Any]:
    return json.loads(gzip.decompress(CUT.read_bytes()))


@functools.cache
def _description() -> OpenAPI:
    return OpenAPI.from_dict(_raw_description())


@functools.cache
def _responses() -> dict[tuple[str, str], frozenset[int]]:
    paths = _raw_description()["paths"]
    return {(m, path): frozenset(map(int, one["responses"])) for path, item in paths.items() for m, one in item.items()}


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    def pattern(template: str) -> re.Pattern[str]:
        last = template.rpartition("/")[2] if template.endswith(GREEDY) else ""
        start = template.removesuffix(last)
        text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", start) + re.sub(r"\{(\w+)\}", r"(?P<\1>.+)", last)
        return re.compile(text)

    # A path with fewer parameters is the more exact one: /git/refs before /git/{ref}.
    paths = sorted(_raw_description()["paths"], key=lambda one: (one.count("{"), -len(one)))
    return tuple((path, pattern(path)) for path in paths)


class Checked(httpx.AsyncBaseTransport):
    """Passes requests to another transport and checks what goes by. `exchanges` keeps them, oldest first."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.exchanges: list[Exchange] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        response = await self._inner.handle_async_request(request)
        answered = await response.aread()
        exchange = Exchange(
            method=request.method,
            url=str(request.url),
            request_headers=list(request.headers.items()),
            request_content=content,
            status=response.status_code,
            content_type=response.headers.get("content-type", ""),
            content=answered,
        )
        self.exchanges.append(exchange)
        check(exchange)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


Message = MutableMapping[str, Any]


class CheckedApp:
    """The same around an ASGI application. What is wrong is kept in `wrong`, for the test to look at; `strict` raises it
    as well, which fails the request of a client in the same process.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], *, strict: bool = False) -> None:
        self._app, self._strict = app, strict
        self.exchanges: list[Exchange] = []
        self.wrong: list[NotAsDescribed] = []

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[..., Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked, answered, started = bytearray(), bytearray(), {}

        async def receiving() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            started.update(message if message["type"] == "http.response.start" else {})
            answered.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receiving, sending)
        headers = {name.decode().lower(): value.decode() for name, value in started["headers"]}
        query = scope["query_string"].decode()
        exchange = Exchange(
            method=scope["method"],
            url=HOST + scope["raw_path"].decode().partition("?")[0] + (f"?{query}" if query else ""),
            request_headers=[(name.decode(), value.decode()) for name, value in scope["headers"]],
            request_content=bytes(asked),
            status=started["status"],
            content_type=headers.get("content-type", ""),
            content=bytes(answered),
        )
        self.exchanges.append(exchange)
        try:
            check(exchange)
        except NotAsDescribed as wrong:
            self.wrong.append(wrong)
            if self._strict:
                raise
