"""Does a token hold for an upload to one project? Caveat by caveat, with warehouse's own words (macaroons/caveats).

A caveat that fails does not stop the check: every reason is collected and they are joined with commas. The caveats that
the index issued are kept in the token's row as well and are checked once more after those in the text, as warehouse does;
so a wrong project is named once for each of them.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyless.rehearsal.index import macaroon
from keyless.rehearsal.index.tokens import (
    EXPIRATION,
    OIDC_PUBLISHER,
    PROJECT_ID,
    PROJECT_NAME,
    REQUEST_USER,
    serialise,
)
from keyless.rehearsal.store import Document


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks (a user's account or a publisher's row), for which project, when (unix seconds)."""

    project: Document
    user: Document | None
    publisher: Document | None
    now: int


class _Invalid(Exception):
    """A caveat that cannot be understood; the text is the reason."""


def objection(token: macaroon.Macaroon, row: Document, context: Context) -> str | None:
    """Return why a token does not hold, in PyPI's words, or None when it does."""
    issued = tuple(serialise(caveat) for caveat in row["caveats"])
    reasons: list[str] = []
    try:
        for caveat in (*token.caveats, *issued):
            reason = _check(caveat, context)
            if reason is not None:
                reasons.append(reason)
    except (ValueError, TypeError, KeyError):
        return ", ".join(reasons) or "unknown error"
    if reasons:
        return ", ".join(reasons)
    root_key = base64.b64decode(row["root_key"])
    expected = macaroon.chain(root_key, token.identifier, token.caveats)
    return None if hmac.compare_digest(expected, token.signature) else "signatures do not match"


def _check(text: bytes, context: Context) -> str | None:
    try:
        tag, fields = _read(json.loads(text), context)
        check, needed = _KNOWN[tag]
        if len(fields) < needed:
            return "Not enough values"
        return check(fields, context)
    except _Invalid as error:
        return str(error)


def _read(caveat: object, context: Context) -> tuple[int, Sequence[Any]]:
    if isinstance(caveat, Mapping):
        caveat = _adapt(caveat, context)
    if not isinstance(caveat, list):
        raise _Invalid("caveat must be an array")
    if not caveat:
        raise _Invalid("caveat array cannot be empty")
    tag, *fields = caveat
    if tag not in _KNOWN:
        raise _Invalid(f"caveat has unknown tag: {tag}")
    return tag, fields


def _adapt(caveat: Mapping[str, Any], context: Context) -> list[Any] | None:
    """Turn one of the objects of tokens made before the arrays into an array, or None when it is none of them."""
    if caveat.get("version") == 1:
        permissions = caveat.get("permissions")
        if permissions == "user":
            return None if context.user is None else [REQUEST_USER, context.user["id"]]
        if isinstance(permissions, Mapping) and "projects" in permissions:
            return [PROJECT_NAME, permissions["projects"]]
        return None
    if "exp" in caveat and "nbf" in caveat:
        return [EXPIRATION, caveat["exp"], caveat["nbf"]]
    if "project_ids" in caveat:
        return [PROJECT_ID, caveat["project_ids"]]
    return None


def _expiration(fields: Sequence[Any], context: Context) -> str | None:
    expires_at, not_before = fields[:2]
    if type(expires_at) is not int or type(not_before) is not int:
        raise _Invalid("invalid values for fields")
    return None if not_before <= context.now < expires_at else "token is expired"


def _project_name(fields: Sequence[Any], context: Context) -> str | None:
    return _wrong_project(context) if context.project["normalised"] not in _texts(fields[0]) else None


def _project_id(fields: Sequence[Any], context: Context) -> str | None:
    return _wrong_project(context) if context.project["id"] not in _texts(fields[0]) else None


def _wrong_project(context: Context) -> str:
    return f"project-scoped token is not valid for project: {context.project['name']!r}"


def _request_user(fields: Sequence[Any], context: Context) -> str | None:
    wanted = _text(fields[0])
    if context.user is None:
        return "token with user restriction without a user"
    return None if context.user["id"] == wanted else "current user does not match user restriction in token"


def _oidc_publisher(fields: Sequence[Any], context: Context) -> str | None:
    wanted = _text(fields[0])
    if len(fields) > 1 and fields[1] is not None and not isinstance(fields[1], dict):
        raise _Invalid("invalid values for fields")
    if context.publisher is None:
        return "OIDC scoped token used outside of an OIDC identified request"
    if context.publisher["id"] != wanted:
        return "current OIDC publisher does not match publisher restriction in token"
    if context.project["normalised"] not in context.publisher["projects"]:
        return f"OIDC scoped token is not valid for project '{context.project['name']}'"
    return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Invalid("invalid values for fields")
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise _Invalid("invalid values for fields")
    return [_text(item) for item in value]


_Check = Callable[[Sequence[Any], Context], "str | None"]
_KNOWN: dict[int, tuple[_Check, int]] = {
    EXPIRATION: (_expiration, 2),
    PROJECT_NAME: (_project_name, 1),
    PROJECT_ID: (_project_id, 1),
    REQUEST_USER: (_request_user, 1),
    OIDC_PUBLISHER: (_oidc_publisher, 1),
}
