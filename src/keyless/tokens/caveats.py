"""What a token's caveats say. PyPI's own are JSON arrays `[tag, …fields]`; older ones JSON objects, still accepted.

Source: pypi/warehouse, warehouse/macaroons/caveats. What the index would not understand, it refuses the token for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias, TypeGuard

from keyless.model.codec import Json
from keyless.model.index import normalise

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799
"""The first and the last second that a date can say, in Unix time."""


@dataclass(frozen=True, slots=True)
class Expiration:
    """Valid while not_before <= now < expires_at (UTC)."""

    not_before: datetime
    expires_at: datetime

    def __str__(self) -> str:
        return f"valid from {_when(self.not_before)} until before {_when(self.expires_at)}"


@dataclass(frozen=True, slots=True)
class ProjectNames:
    """Only for projects of these names, as written in the caveat."""

    names: tuple[str, ...]

    @property
    def usable(self) -> frozenset[str]:
        """The names that can ever match: the index compares with the normalised name."""
        return frozenset(name for name in self.names if normalise(name) == name)

    def __str__(self) -> str:
        odd = [name for name in self.names if name not in self.usable]
        note = f" (never matches, for its spelling: {_list(odd)})" if odd else ""
        return f"only for {_projects(self.names)}{note}"


@dataclass(frozen=True, slots=True)
class ProjectIds:
    """Only for projects with these ids."""

    ids: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"only for {'the project with the id' if len(self.ids) == 1 else 'projects with the ids'} {_list(self.ids)}"
        )


@dataclass(frozen=True, slots=True)
class RequestUser:
    """Acts as this user of the index."""

    user_id: str

    def __str__(self) -> str:
        return f"acts as the user with the id {self.user_id}"


@dataclass(frozen=True, slots=True)
class OidcPublisher:
    """Minted by trusted publishing for this publisher."""

    publisher_id: str

    def __str__(self) -> str:
        return f"minted by trusted publishing, for the publisher with the id {self.publisher_id}"


@dataclass(frozen=True, slots=True)
class WholeAccount:
    """The legacy caveat that restricts nothing."""

    def __str__(self) -> str:
        return "for everything that its user may do"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing that the index knows; it refuses a token with such a caveat. The text stays out: it could be anything."""

    because: str

    def __str__(self) -> str:
        return f"a caveat that the index does not know ({self.because})"


Caveat: TypeAlias = Expiration | ProjectNames | ProjectIds | RequestUser | OidcPublisher | WholeAccount | Unknown


def understand(raw: bytes) -> Caveat:
    """Return what one caveat says; anything that is not exactly one of PyPI's is Unknown."""
    try:
        value: Json = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        return Unknown("no JSON")
    if isinstance(value, list) and value:
        return _tagged(value[0], value[1:])
    if isinstance(value, dict):
        return _legacy(value)
    return Unknown("neither a list nor an object")


def _tagged(tag: Json, fields: list[Json]) -> Caveat:  # noqa: PLR0911  # one return for each tag that there is
    if type(tag) is not int:
        return Unknown("no tag")
    match tag, fields:
        case 0, [expires_at, not_before] if _is_int(expires_at) and _is_int(not_before):
            return Expiration(_moment(not_before), _moment(expires_at))
        case 1, [names] if _are_strings(names):
            return ProjectNames(tuple(names))
        case 2, [ids] if _are_strings(ids) and all(map(_UUID.fullmatch, ids)):
            return ProjectIds(tuple(ids))
        case 3, [str(user)] if _UUID.fullmatch(user):
            return RequestUser(user)
        case 4, [str(publisher), *rest] if _UUID.fullmatch(publisher) and len(rest) <= 1:
            return OidcPublisher(publisher)
    return Unknown(f"tag {tag}" if tag not in range(5) else f"tag {tag} with other fields than it has")


def _legacy(value: dict[str, Json]) -> Caveat:
    match value:
        case {"version": 1, "permissions": "user", **rest} if not rest:
            return WholeAccount()
        case {"version": 1, "permissions": {"projects": names, **more}, **rest} if not rest and not more:
            if _are_strings(names):
                return ProjectNames(tuple(names))
        case {"nbf": not_before, "exp": expires_at, **rest} if not rest:
            if _is_int(not_before) and _is_int(expires_at):
                return Expiration(_moment(not_before), _moment(expires_at))
        case {"project_ids": ids, **rest} if not rest:
            if _are_strings(ids) and all(map(_UUID.fullmatch, ids)):
                return ProjectIds(tuple(ids))
    return Unknown("an object of another form")


def _is_int(value: Json) -> TypeGuard[int]:
    return type(value) is int  # True is no time


def _are_strings(value: Json) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _moment(seconds: int) -> datetime:
    """Return a Unix time as a moment, the farthest there is where a date cannot say it."""
    return datetime.fromtimestamp(min(max(seconds, _EARLIEST), _LATEST), UTC)


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _list(items: tuple[str, ...] | list[str]) -> str:
    """Name the items; text of a token comes from outside, so what a terminal would obey is shown as an escape."""
    return ", ".join(ascii(item)[1:-1] for item in items) or "none"


def _projects(names: tuple[str, ...]) -> str:
    return "no project at all" if not names else f"the project{'s' if len(names) > 1 else ''} {_list(names)}"
