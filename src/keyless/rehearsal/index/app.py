"""One index as an ASGI application: site, upload endpoint and files in one."""

from __future__ import annotations

import asyncio
from email.utils import format_datetime
from typing import TYPE_CHECKING

from keyless.model.index import Index
from keyless.rehearsal.index.conditional import Conditional
from keyless.rehearsal.index.switches import switches
from keyless.rehearsal.issuer import Issuer
from keyless.rehearsal.store import Store

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from keyless.rehearsal.sigstore.checker import AttestationChecker


def index_app(store: Store, index: Index, issuer: Issuer, attest: AttestationChecker | None = None) -> ASGIApp:
    """Return PyPI or TestPyPI over `store`. Without `attest` an upload with attestations is refused."""
    from starlette.applications import Starlette

    from keyless.rehearsal.index.answers import not_found, refusal
    from keyless.rehearsal.index.api import Api
    from keyless.rehearsal.index.pages import Pages

    async def missing(request: Request, _error: Exception) -> Response:
        return not_found(request)

    async def wrong_method(_request: Request, _error: Exception) -> Response:
        return refusal(405, "Method Not Allowed")

    routes = [*Api(store, index, issuer, attest).routes(), *Pages(store, index).routes()]
    app = Starlette(routes=routes, exception_handlers={404: missing, 405: wrong_method})
    app.router.redirect_slashes = False
    return _Bench(Conditional(app), store, index)


class _Bench:
    """Around everything: the switches for slow and down, and a Date header in the rehearsal's time."""

    def __init__(self, app: ASGIApp, store: Store, index: Index) -> None:
        self.app, self.store, self.index = app, store, index

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        now = switches(self.store, self.index)
        if now.slow:
            await asyncio.sleep(now.slow)

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self.store.now().replace(microsecond=0), usegmt=True)
                kept = [(name, value) for name, value in message["headers"] if name.lower() != b"date"]
                message = {**message, "headers": [*kept, (b"date", date.encode())]}
            await send(message)

        if now.down:
            from keyless.rehearsal.index.answers import refusal

            response = refusal(503, "Service Unavailable", {"Retry-After": "60"})
            await response(scope, receive, dated)
            return
        await self.app(scope, receive, dated)
