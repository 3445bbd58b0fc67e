"""Why a request got no answer, in words for a person: the library's own texts name sockets and streams."""

from __future__ import annotations

import httpx


def no_answer(error: httpx.RequestError) -> str:
    """Return the reason, as the end of a sentence."""
    match error:
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError():
            return "no connection"
        case _:
            return "the connection broke"
