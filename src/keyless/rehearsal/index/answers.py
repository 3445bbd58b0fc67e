"""HTTP answers in PyPI's manner: errors whose text is the status line's reason phrase, content negotiation, headers.

ASGI cannot carry a reason phrase, so it travels in the header `x-keyless-reason`, which the server layer puts into the
status line and takes off. The body repeats it, as Pyramid's default error page does.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from keyless.model.index import Index

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

REASON = "x-keyless-reason"
_EXPLANATIONS = {
    308: "The resource has been moved permanently.",
    400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    403: "Access was denied to this resource.",
    404: "The resource could not be found.",
    405: "The method is not allowed for this resource.",
    410: "This resource is no longer available.  No forwarding address is given.",
    429: "Too many requests.",
    503: "The server is currently unavailable. Please try again at a later time.",
}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": ("Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since"),
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Max-Age": "86400",
    "Access-Control-Expose-Headers": "X-PyPI-Last-Serial",
}


class Stop(Exception):
    """Ends a request with a status and a text that becomes the reason phrase."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


def help_page(index: Index, anchor: str) -> str:
    """Return the address of an entry of the index's help page, as it stands in messages."""
    return f"https://{index.location}/help/#{anchor}"


def refusal(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """Return an error whose reason phrase is `text` (characters outside ISO 8859-1 become question marks)."""
    from starlette.responses import HTMLResponse

    phrase = " ".join(text.split()).encode("iso-8859-1", "replace").decode("iso-8859-1")
    line = escape(f"{status} {phrase}")
    body = (
        f"<html>\n <head>\n  <title>{line}</title>\n </head>\n <body>\n  <h1>{line}</h1>\n"
        f"  {_EXPLANATIONS.get(status, '')}<br/><br/>\n{escape(text)}\n\n\n </body>\n</html>"
    )
    return HTMLResponse(body, status, {**(headers or {}), REASON: phrase})


def not_found(request: Request) -> Response:
    """Return PyPI's 404: plain for the simple API, JSON for the JSON API, a page for everything else."""
    from starlette.responses import JSONResponse, PlainTextResponse

    path = request.url.path
    if path.startswith("/simple/"):
        return PlainTextResponse("404 Not Found", 404, CORS)
    if path.startswith("/pypi/") and path.rstrip("/").endswith("/json"):
        return JSONResponse({"message": "Not Found"}, 404, CORS)
    return page("Page Not Found (404)", "<h1>We looked everywhere but couldn't find this page</h1>", 404)


def page(title: str, body: str, status: int = 200) -> Response:
    """Return an HTML page; `body` is HTML in which everything from outside is escaped already."""
    from starlette.responses import HTMLResponse

    return HTMLResponse(
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        f"<title>{escape(title)} · REHEARSAL</title></head>\n<body>\n"
        "<p><strong>REHEARSAL</strong>: a simulated index. Nothing here is real, and nothing reaches PyPI.</p>\n"
        f"{body}\n</body></html>\n",
        status,
    )


def negotiate(accept: str | None, offers: tuple[str, ...]) -> str | None:
    """Return the offer that an Accept header likes best (the first of equals), or None when it takes none of them."""
    if not accept:
        return offers[0]
    wanted = [_range(part) for part in accept.split(",") if part.strip()]
    ranked = [(_quality(offer, wanted), -place, offer) for place, offer in enumerate(offers)]
    quality, _, best = max(ranked)
    return best if quality > 0 else None


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return name.lower(), float(quality)
    except ValueError:
        return name.lower(), 0.0


def _quality(offer: str, wanted: list[tuple[str, float]]) -> float:
    family = offer.split("/", maxsplit=1)[0] + "/*"
    for candidate in (offer, family, "*/*"):
        fitting = [quality for name, quality in wanted if name == candidate]
        if fitting:
            return max(fitting)
    return 0.0
