"""Entity tags and 304, as PyPI's own tween gives them: every GET that ends in 200 with a whole body.

Source: warehouse, cache/http.py (`conditional_http_tween_factory`); the tag is a digest of the body.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT = frozenset({b"cache-control", b"vary", b"date", b"expires", b"x-pypi-last-serial"})
"""What a 304 repeats of the answer's headers (RFC 9110, section 15.4.5)."""


class Conditional:
    """Around an application: gives tags, and says "not modified" to whoever shows the right one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                for ready in _answer(held, dict(scope["headers"]).get(b"if-none-match", b"")):
                    await send(ready)

        await self.app(scope, receive, hold)


def _answer(held: list[Message], shown: bytes) -> list[Message]:
    start, *parts = held
    if start["type"] != "http.response.start" or start["status"] != 200:
        return held
    body = b"".join(part.get("body", b"") for part in parts)
    tag = b'"%s"' % hashlib.sha256(body).hexdigest()[:24].encode()
    headers = [*start["headers"], (b"etag", tag)]
    if tag not in {one.strip().removeprefix(b"W/") for one in shown.split(b",")}:
        return [{**start, "headers": headers}, *parts]
    kept = [(name, value) for name, value in headers if name.lower() in _KEPT | {b"etag"}]
    return [{**start, "status": 304, "headers": kept}, {"type": "http.response.body", "body": b""}]
