"""What GitHub means when it does not do what was asked: limits, missing permissions, things that cannot be seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from keyless.errors import KeylessError, NotAllowed, StalePlan
from keyless.services.retry import Trouble

CANNOT_SEE = "GitHub says 'not found': it is not there, or this token cannot see it"


def limit(response: httpx.Response, now: datetime) -> Trouble | None:
    """Return the rate limit that `response` tells of, primary or secondary, or None.

    GitHub sends 403 or 429; a secondary limit is known by `retry-after` or by its message alone (facts/github.md).
    """
    if response.status_code not in (403, 429):
        return None
    wait = _number(response.headers.get("retry-after"))
    said = message(response).lower()
    secondary = "secondary rate limit" in said
    if wait is not None:
        return _limited("a secondary limit" if secondary else "it asks to wait", now + timedelta(seconds=wait))
    # The hour's last request may be refused for a permission: that is no limit, though nothing remains.
    if response.headers.get("x-ratelimit-remaining") == "0" and (not said or "rate limit" in said):
        reset = _number(response.headers.get("x-ratelimit-reset"))
        until = None if reset is None else datetime.fromtimestamp(reset, UTC)
        return _limited("a secondary limit" if secondary else "the hour's requests are used up", until)
    if secondary or response.status_code == 429:
        return _limited("a secondary limit", None)
    return None


def _limited(because: str, until: datetime | None) -> Trouble:
    return Trouble(because, in_doubt=False, limited=True, until=until)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def message(response: httpx.Response) -> str:
    """Return GitHub's own words in an error, "" when there are none."""
    try:
        body = response.json()
    except ValueError:
        return ""
    said = body.get("message") if isinstance(body, dict) else None
    return said if isinstance(said, str) else ""


def missing_permission(response: httpx.Response) -> str | None:
    """Return which permission or scope was missing, where GitHub's headers say it.

    The permission that an address asks for stands on every answer, so only a 403 tells that it was missing. A scope is
    missing when the token has none of those accepted, and GitHub hides some things behind a 404 then.
    """
    accepted: str | None = response.headers.get("x-accepted-github-permissions")
    if accepted and response.status_code == httpx.codes.FORBIDDEN:
        return accepted
    wanted = _scopes(response.headers.get("x-accepted-oauth-scopes"))
    held = _scopes(response.headers.get("x-oauth-scopes"))
    if wanted and "x-oauth-scopes" in response.headers and not wanted & held:
        return "scope " + " or ".join(sorted(wanted))
    return None


def _scopes(header: str | None) -> set[str]:
    return {scope.strip() for scope in (header or "").split(",") if scope.strip()}


def unreadable_because(response: httpx.Response) -> str:
    """Say why a read brought nothing."""
    if response.status_code == httpx.codes.NOT_FOUND:
        return CANNOT_SEE
    said = message(response) or response.reason_phrase or "no reason given"
    return f"GitHub answers {response.status_code}: {said}"


def not_authenticated(web: str) -> NotAllowed:
    """Return the error for a token that GitHub does not accept at all."""
    return NotAllowed(
        "GitHub does not accept this token: it is mistyped, expired or revoked.",
        hint=f"Get one with 'gh auth login' or at {web}/settings/tokens, and give it as GH_TOKEN.",
    )


def write_refused(response: httpx.Response, doing: str, web: str) -> KeylessError:
    """Return the error for a change that GitHub refused; `doing` completes "GitHub refuses to …"."""
    if response.is_redirect:
        return StalePlan(
            f"The repository was renamed or moved since the plan was made, so keyless did not {doing}.",
            hint="Run the command again with the present name: it plans anew.",
        )
    said = message(response) or f"status {response.status_code}"
    if response.status_code in (403, 404):
        needs = missing_permission(response)
        why = f"The token needs {needs}." if needs else "The token lacks a permission, or it is not there."
        return NotAllowed(
            f"GitHub refuses to {doing}: {said}.",
            hint=f"{why} Change it at {web}/settings/tokens, or with 'gh auth refresh' and its -s option. If you may not "
            "do this yourself, ask an administrator.",
        )
    return StalePlan(
        f"GitHub refuses to {doing}: {said}.", hint="Something has changed since the plan: run the command again."
    )
