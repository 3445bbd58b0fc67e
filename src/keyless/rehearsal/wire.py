"""How uvicorn speaks for a rehearsal: PyPI's reason phrases in the status line, and connections that break on purpose."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from keyless.rehearsal.faults import Break, BrokenConnection
from keyless.rehearsal.transport import REASON

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing sends a reset (socket(7))."""


class ReasonConnection(h11.Connection):
    """Writes the reason phrase that an application put in a header: twine shows it, and nothing else, to its user."""

    def send_with_data_passthrough(self, event: h11.Event) -> list[bytes] | None:
        """Return the bytes to send for `event`; `send` goes through here."""
        return super().send_with_data_passthrough(_with_reason(event) if isinstance(event, h11.Response) else event)


class Wire(H11Protocol):
    """One connection of a client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # uvicorn's own arguments, handed on
        super().__init__(*args, **kwargs)
        self.conn = ReasonConnection(h11.SERVER)
        self._application = self.app
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._application(scope, receive, send)
        except BrokenConnection as broken:
            self._break(broken.how)
            while (await receive())["type"] != "http.disconnect":
                continue

    def _break(self, how: Break) -> None:
        """End the connection, or leave it silent until the client goes. A refusal can only be a reset by now."""
        match how:
            case Break.SILENT:
                return
            case Break.CUT:
                self.transport.close()
            case Break.RESET | Break.REFUSED:
                underneath = self.transport.get_extra_info("socket")
                underneath.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                self.transport.abort()


class ByPort:
    """ASGI application: each service answers at its own port."""

    def __init__(self, apps: Mapping[int, ASGIApp]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._apps[scope["server"][1]](scope, receive, send)


def _with_reason(response: h11.Response) -> h11.Response:
    wanted = REASON.encode()
    reason = next((value for name, value in response.headers if name == wanted), response.reason)
    kept = [(name, value) for name, value in response.headers if name != wanted]
    return h11.Response(status_code=response.status_code, headers=kept, reason=reason)
