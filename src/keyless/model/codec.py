"""Frozen dataclasses to JSON values and back, strictly: for the journal, backups and `--json`.

A union of dataclasses is told apart by `"type"`, the class's name. Unknown or missing fields are an error: a file that
says more than this version understands is refused, never half read. `Secret` is encoded only when the caller says so.
"""

from __future__ import annotations

import base64
import dataclasses
import sys
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import TypeAlias, TypeVar

from keyless.secret import Secret

Json: TypeAlias = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
T = TypeVar("T")


class CodecError(ValueError):
    """A JSON value is not what the type says. The message names the place, never the value."""


def encode(value: object, *, reveal: bool = False) -> Json:
    """Return `value` as JSON. `reveal` lets secrets through, for the inside of a backup only."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Enum():
            return encode(value.value)
        case datetime():
            if value.tzinfo is None:
                raise CodecError("a time without a zone")
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case bytes():
            return base64.b64encode(value).decode()
        case Secret():
            if not reveal:
                raise CodecError("a secret where none may be written")
            return value.reveal()
        case tuple() | list():
            return [encode(item, reveal=reveal) for item in value]
        case Mapping():
            return {str(key): encode(item, reveal=reveal) for key, item in value.items()}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            body: dict[str, Json] = {"type": type(value).__name__}
            for field in dataclasses.fields(value):
                body[field.name] = encode(getattr(value, field.name), reveal=reveal)
            return body
        case _:
            raise CodecError(f"{type(value).__name__} cannot be written")


def decode(kind: type[T], data: Json, where: str = "$") -> T:
    """Return `data` as `kind`. Raises CodecError with the place of the first thing that does not fit."""
    value: T = _decode(kind, data, where)
    return value


def _decode(kind: typing.Any, data: Json, where: str) -> typing.Any:  # noqa: ANN401  # types as values
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(typing.get_args(kind), data, where)
    if origin is tuple:
        return _decode_tuple(typing.get_args(kind), data, where)
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        if not isinstance(data, dict):
            raise CodecError(f"{where}: not an object")
        return {key: _decode(typing.get_args(kind)[1], item, f"{where}.{key}") for key, item in data.items()}
    if isinstance(origin, type) and dataclasses.is_dataclass(origin):
        parameters = getattr(origin, "__parameters__", ())
        return _decode_dataclass(origin, data, where, dict(zip(parameters, typing.get_args(kind), strict=True)))
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, data, where, {})
    return _decode_scalar(kind, data, where)


def _decode_scalar(kind: typing.Any, data: Json, where: str) -> typing.Any:  # noqa: ANN401
    if kind is type(None) and data is None:
        return None
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(data)
        except ValueError as error:
            raise CodecError(f"{where}: not one of {', '.join(str(m.value) for m in kind)}") from error
    if kind in (str, bool, int) and type(data) is kind:
        return data
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    if isinstance(data, str):
        try:
            if kind is datetime:
                moment = datetime.fromisoformat(data)
                if moment.tzinfo is None:
                    raise CodecError(f"{where}: a time without a zone")
                return moment.astimezone(UTC)
            if kind is bytes:
                return base64.b64decode(data, validate=True)
        except ValueError as error:
            raise CodecError(f"{where}: not a {kind.__name__}") from error
        if kind is Secret:
            return Secret(data)
    raise CodecError(f"{where}: not {getattr(kind, '__name__', kind)}")


def _decode_union(members: tuple[typing.Any, ...], data: Json, where: str) -> typing.Any:  # noqa: ANN401
    if data is None and type(None) in members:
        return None
    rest = [member for member in members if member is not type(None)]
    if isinstance(data, dict) and "type" in data:
        for member in rest:
            bare = typing.get_origin(member) or member
            if dataclasses.is_dataclass(bare) and getattr(bare, "__name__", "") == data["type"]:
                return _decode(member, data, where)
        raise CodecError(f"{where}: unknown type {data['type']!r}")
    for member in rest:
        try:
            return _decode(member, data, where)
        except CodecError:
            if member is rest[-1]:
                raise
    raise CodecError(f"{where}: fits none")


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
    kind: typing.Any,
    data: Json,
    where: str,
    bound: dict[typing.Any, typing.Any],  # noqa: ANN401
) -> typing.Any:  # noqa: ANN401
    if not isinstance(data, dict):
        raise CodecError(f"{where}: not an object")
    if data.get("type") != kind.__name__:
        raise CodecError(f"{where}: not a {kind.__name__}")
    hints = _hints(kind)
    names = {field.name for field in dataclasses.fields(kind)}
    given = set(data) - {"type"}
    if given != names:
        odd = sorted(given ^ names)
        raise CodecError(f"{where}: unknown or missing {', '.join(odd)}")
    return kind(**{name: _decode(bound.get(hints[name], hints[name]), data[name], f"{where}.{name}") for name in names})
