"""In front of the services: counting and dating every answer, and the transport that reaches them in process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

import httpx

from keyless.rehearsal.faults import Break, BrokenConnection
from keyless.rehearsal.store import Store

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

REASON: Final = "x-keyless-reason"
"""An application puts the reason phrase of its status line here; the header itself never leaves."""

_RAISED: Final = {
    Break.REFUSED: httpx.ConnectError,
    Break.RESET: httpx.ReadError,
    Break.SILENT: httpx.ReadTimeout,
    Break.CUT: httpx.RemoteProtocolError,
}


class Front:
    """ASGI middleware in front of each service: counts its requests and gives every answer the rehearsal's `Date`."""

    def __init__(self, app: ASGIApp, store: Store, name: str, requests: Counter[str]) -> None:
        self._app = app
        self._store = store
        self._name = name
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self._requests[self._name] += 1

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                if not any(name.lower() == b"date" for name, _ in headers):
                    headers.append((b"date", _http_date(self._store.now())))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, dated)


class InProcess(httpx.AsyncBaseTransport):
    """Sends a request to the application of its host; `apps` are by host, with the port where it is not the usual one."""

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._transports = {host: httpx.ASGITransport(app) for host, app in apps.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer. Raises httpx's own errors as a network would, ConnectError for any other host."""
        host = request.url.netloc.decode()
        transport = self._transports.get(host)
        if transport is None:
            raise httpx.ConnectError(f"'{host}' is no part of this rehearsal; nothing was sent", request=request)
        patience = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(patience):
                response = await transport.handle_async_request(request)
        except BrokenConnection as broken:
            raise _RAISED[broken.how](str(broken), request=request) from broken
        except TimeoutError as late:
            raise httpx.ReadTimeout(f"'{host}' did not answer in {patience} s", request=request) from late
        reason = response.headers.pop(REASON, None)
        if reason is not None:
            response.extensions["reason_phrase"] = reason.encode("ascii", "replace")
        return response


def _http_date(moment: datetime) -> bytes:
    return format_datetime(moment, usegmt=True).encode()
