"""Frozen dataclasses to JSON values and back, strictly: for the journal, backups and `--json`.

A union of dataclasses is told apart by `"type"`, the class's name. Unknown or missing fields are an error: a file that
says more than this version understands is refused, never half read. `Secret` is encoded only when the caller says so.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import sys
import types
import typing
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from keyless.secret import Secret

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
T = TypeVar("T")
_WITHIN_JSON = ("Json", typing.ForwardRef("Json"))
"""How Json stands inside its own definition, before and after its hints were resolved."""


class CodecError(ValueError):
    """A JSON value is not what the type says. The message names the place, never the value."""


def encode(value: object, *, reveal: bool = False) -> Json:  # noqa: PLR0911  # one return for each kind of value
    """Return `value` as JSON. `reveal` lets secrets through, for the inside of a backup only.

    Raises CodecError for what could not be read again as the same: a time without a zone, a number that is none.
    """
    match value:
        case Enum():
            return encode(value.value)
        case None | bool() | int() | str():
            return value
        case tuple() | list():
            return [encode(item, reveal=reveal) for item in value]
        case Mapping():
            return {_key(key): encode(item, reveal=reveal) for key, item in value.items()}
        case Secret() if reveal:
            return value.reveal()
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return _encode_dataclass(value, reveal=reveal)
        case _:
            return _encode_scalar(value)


def _encode_scalar(value: object) -> Json:
    match value:
        case float() if math.isfinite(value):
            return value
        case datetime():
            return _utc(value).isoformat().replace("+00:00", "Z")
        case bytes():
            return base64.b64encode(value).decode()
        case Secret():
            raise CodecError("a secret where none may be written")
        case _:
            raise CodecError(f"a {type(value).__name__} that cannot be written")


def _encode_dataclass(value: DataclassInstance, *, reveal: bool) -> Json:
    body: dict[str, Json] = {"type": type(value).__name__}
    for field in dataclasses.fields(value):
        if field.name == "type":
            raise CodecError(f"{type(value).__name__} has a field called 'type'")
        body[field.name] = encode(getattr(value, field.name), reveal=reveal)
    return body


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise CodecError(f"a {type(key).__name__} as a key")
    return key


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise CodecError("a time without a zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        pass
    raise CodecError("a time out of range")


def decode(kind: type[T], data: Json, where: str = "$") -> T:
    """Return `data` as `kind`. Raises CodecError with the place of the first thing that does not fit."""
    value: T = _decode(kind, data, where)
    return value


def _decode(kind: typing.Any, data: Json, where: str) -> typing.Any:  # noqa: ANN401, PLR0911  # types as values
    origin = typing.get_origin(kind)
    members = typing.get_args(kind)
    if kind in _WITHIN_JSON:
        return _decode(Json, data, where)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(members, data, where)
    if origin is tuple:
        return _decode_tuple(members, data, where)
    if origin is list:
        return list(_decode_tuple((*members, Ellipsis), data, where))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(data, dict):
            raise CodecError(f"{where}: not an object")
        return {key: _decode(members[1], item, f"{where}.{_shown(key)}") for key, item in data.items()}
    if isinstance(origin, type) and dataclasses.is_dataclass(origin):
        bound = dict(zip(getattr(origin, "__parameters__", ()), members, strict=True))
        return _decode_dataclass(origin, data, where, bound)
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, data, where, {})
    return _decode_scalar(kind, data, where)


def _decode_scalar(kind: typing.Any, data: Json, where: str) -> typing.Any:  # noqa: ANN401
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _decode_enum(kind, data, where)
    if kind in (str, bool, int) and type(data) is kind:
        return data
    if kind is float and type(data) in (int, float):
        return _decode_float(data, where)
    if isinstance(data, str) and kind is Secret:
        return Secret(data)
    if isinstance(data, str) and kind in (datetime, bytes):
        return _decode_text(kind, data, where)
    raise CodecError(f"{where}: not {getattr(kind, '__name__', kind)}")


def _decode_enum(kind: type[Enum], data: Json, where: str) -> Enum:
    for member in kind:
        if type(member.value) is type(data) and member.value == data:
            return member
    raise CodecError(f"{where}: not one of {', '.join(str(m.value) for m in kind)}")


def _decode_float(data: Json, where: str) -> float:
    with suppress(OverflowError):
        if isinstance(data, (int, float)) and math.isfinite(number := float(data)):
            return number
    raise CodecError(f"{where}: not a finite number")


def _decode_text(kind: type[datetime] | type[bytes], data: str, where: str) -> datetime | bytes:
    """Read a time or bytes, in the one spelling that `encode` gives. The cause is left out: it would quote the text."""
    with suppress(ValueError):
        value = datetime.fromisoformat(data) if kind is datetime else base64.b64decode(data, validate=True)
        if encode(value) == data:  # also raises, for a time without a zone
            return value.astimezone(UTC) if isinstance(value, datetime) else value
    raise CodecError(f"{where}: not a {kind.__name__} as keyless writes it")


def _decode_union(members: tuple[typing.Any, ...], data: Json, where: str) -> typing.Any:  # noqa: ANN401
    if data is None and type(None) in members:
        return None
    rest = [member for member in members if member is not type(None)]
    named = [member for member in rest if dataclasses.is_dataclass(typing.get_origin(member) or member)]
    if named and isinstance(data, dict) and "type" in data:
        for member in named:
            if (typing.get_origin(member) or member).__name__ == data["type"]:
                return _decode(member, data, where)
        raise CodecError(f"{where}: unknown type")
    problem = CodecError(f"{where}: fits none")
    for member in rest:
        try:
            return _decode(member, data, where)
        except CodecError as error:
            problem = error
    raise problem


def _decode_tuple(members: tuple[typing.Any, ...], data: Json, where: str) -> tuple[object, ...]:
    if not isinstance(data, list):
        raise CodecError(f"{where}: not a list")
    if len(members) == 2 and members[1] is Ellipsis:
        return tuple(_decode(members[0], item, f"{where}[{n}]") for n, item in enumerate(data))
    if len(members) != len(data):
        raise CodecError(f"{where}: not {len(members)} items")
    return tuple(_decode(m, item, f"{where}[{n}]") for n, (m, item) in enumerate(zip(members, data, strict=True)))


@cache
def _hints(kind: type) -> dict[str, typing.Any]:
    return typing.get_type_hints(kind, vars(sys.modules[kind.__module__]))


def _decode_dataclass(
    kind: typing.Any,  # noqa: ANN401
    data: Json,
    where: str,
    bound: dict[typing.Any, typing.Any],
) -> typing.Any:  # noqa: ANN401
    if not isinstance(data, dict):
        raise CodecError(f"{where}: not an object")
    if data.get("type") != kind.__name__:
        raise CodecError(f"{where}: not a {kind.__name__}")
    hints = _hints(kind)
    names = {field.name for field in dataclasses.fields(kind)}
    odd = sorted((set(data) - {"type"}) ^ names)
    if odd:
        raise CodecError(f"{where}: unknown or missing {', '.join(map(_shown, odd[:5]))}")
    return kind(**{name: _decode(_filled(hints[name], bound), data[name], f"{where}.{name}") for name in names})


def _filled(hint: typing.Any, bound: dict[typing.Any, typing.Any]) -> typing.Any:  # noqa: ANN401
    """Return a field's type with the type variables of its generic class replaced, wherever they stand in it."""
    if hint in bound:
        return bound[hint]
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(bound.get(each, each) for each in parameters)] if bound and parameters else hint


def _shown(key: str) -> str:
    """Return a key for an error's text: cut, and without anything that a terminal would obey."""
    return ascii(key[:40])[1:-1]
