"""What the services say when they fail: GitHub's JSON with its headers, the indexes' pages. Data and no behaviour.

Sources: GitHub's REST documentation (troubleshooting, rate limits, redirects); PyPI's error pages behind its cache.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

_DOCUMENTATION: Final = "https://docs.github.com/rest"
_SECONDARY: Final = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "For more on scraping GitHub and how it may affect your rights, please review our Terms of Service."
)
_UNTIL_RESET: Final = timedelta(minutes=50)


@dataclass(frozen=True, slots=True)
class CannedAnswer:
    """A whole answer. Headers have lower-case names."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


_GITHUB: Final[Mapping[str, tuple[int, str]]] = {
    "500": (500, "Server Error"),
    "503": (503, "No server is currently available to service your request."),
    "401": (401, "Bad credentials"),
    "403-permission": (403, "Resource not accessible by personal access token"),
    "secondary-limit": (403, _SECONDARY),
    "secondary-limit-429": (429, _SECONDARY),
    "primary-limit": (403, "API rate limit exceeded for user ID 1."),
    "404": (404, "Not Found"),
    "409": (409, "Conflict"),
    "422": (422, "Validation Failed"),
    "301": (301, "Moved Permanently"),
    "307": (307, "Temporary Redirect"),
}
_INDEX: Final[Mapping[str, tuple[int, str]]] = {
    "500": (500, "Internal Server Error"),
    "503": (503, "Service Unavailable"),
    "401": (401, "Unauthorized"),
    "403-permission": (403, "Forbidden"),
    "secondary-limit": (429, "Too Many Requests"),
    "secondary-limit-429": (429, "Too Many Requests"),
    "primary-limit": (429, "Too Many Requests"),
    "404": (404, "Not Found"),
    "409": (409, "Conflict"),
    "422": (422, "Unprocessable Content"),
    "301": (301, "Moved Permanently"),
    "307": (307, "Temporary Redirect"),
}


def canned(kind: str, service: str, now: datetime) -> CannedAnswer:
    """Return how `service` fails in the way of `kind` at `now` (UTC). Raises KeyError for a kind without an answer."""
    if kind == "502-after-effect":
        return _page(502, "Bad Gateway")
    if service != "github":
        return _page(*_INDEX[kind])
    status, message = _GITHUB[kind]
    body = {"message": message, "documentation_url": _DOCUMENTATION, "status": str(status)}
    headers = {"content-type": "application/json; charset=utf-8"} | _extra(kind, now)
    return CannedAnswer(status, headers, json.dumps(body).encode())


def _extra(kind: str, now: datetime) -> dict[str, str]:
    match kind:
        case "403-permission":
            return {"x-accepted-github-permissions": "metadata=read"}
        case "primary-limit":
            return {
                "x-ratelimit-limit": "5000",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-used": "5000",
                "x-ratelimit-reset": str(int((now + _UNTIL_RESET).timestamp())),
                "x-ratelimit-resource": "core",
            }
        case _:
            return {}


def _page(status: int, text: str) -> CannedAnswer:
    body = f"<html><head><title>{status} {text}</title></head><body><h1>{status} {text}</h1></body></html>"
    return CannedAnswer(status, {"content-type": "text/html; charset=utf-8"}, body.encode())
