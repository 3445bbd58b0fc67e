"""Narrow a token offline: a copy that the index itself refuses after a time and for other projects.

A holder may append caveats and no holder can take one off (macaroons; the signature is an HMAC over the last one). The
copy shares the original's identifier, so removing the original kills it too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from keyless.errors import UsageError
from keyless.model.index import normalise
from keyless.secret import Secret
from keyless.tokens.card import read
from keyless.tokens.macaroon import NotAToken, parse

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def narrow(token: Secret, *, projects: Sequence[str], not_before: datetime, expires_at: datetime) -> Secret:
    """Return a copy of `token` for `projects` (any spelling) from `not_before` until before `expires_at` (UTC).

    Whole seconds, both rounded down. Appends `[0, expires_at, not_before]` and `[1, [names]]`, as PyPI reads them.
    Raises NotAToken, or UsageError when the copy could never serve.
    """
    card = read(token)
    names = _names(projects)
    beyond = [name for name in names if card.projects is not None and name not in card.projects]
    if beyond:
        raise UsageError(
            f"The token is not for {', '.join(beyond)}, so no copy of it can be.",
            hint="Give a token of that project, or leave the project out.",
        )
    start, end = _seconds(not_before), _seconds(expires_at)
    if start >= end:
        raise UsageError("A copy that ends before it begins would never serve.", hint="Choose a later end.")
    return _checked(token, _restricted(token, names, start, end))


def _names(projects: Sequence[str]) -> list[str]:
    names = sorted({normalise(project) for project in projects})
    if not names:
        raise UsageError("A narrowed copy needs at least one project.", hint="Name the project it is for.")
    odd = [name for name in names if not _NAME.fullmatch(name)]
    if odd:
        raise UsageError(f"{odd[0]!a} is no project name.", hint="Use the name as it stands on the index.")
    return names


def _seconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return int(moment.astimezone(UTC).timestamp())


def _restricted(token: Secret, names: list[str], start: int, end: int) -> Secret:
    import pypitoken  # type: ignore[import-untyped]  # late: it brings jsonschema, for this one function

    try:
        copy = pypitoken.Token.load(token.reveal())
        copy.restrict(project_names=names, not_before=start, not_after=end)
        return Secret(copy.dump())
    except pypitoken.PyPITokenException:
        pass  # its message may quote the token
    raise NotAToken("This token cannot be narrowed.", hint="Back up the whole token instead, or issue a new one.")


def _checked(token: Secret, copy: Secret) -> Secret:
    """Return `copy` once its text shows the old caveats and exactly two more. The library is not taken at its word."""
    before, after = parse(token), parse(copy)
    same = (before.location, before.identifier) == (after.location, after.identifier)
    if not same or after.caveats[:-2] != before.caveats or len(after.caveats) != len(before.caveats) + 2:
        raise NotAToken("Narrowing this token changed more than it should.", hint="Back up the whole token instead.")
    return copy
