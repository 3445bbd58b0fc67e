"""The functions of GitHub's expressions. Each takes the scope and its arguments' values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from keyless.model.codec import Json
from keyless.rehearsal.runner.values import ExpressionError, as_text, equal, is_true, look_up

Function: TypeAlias = Callable[[Mapping[str, Json], Sequence[Json]], Json]


def _contains(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    inside, wanted = _two(arguments)
    if isinstance(inside, list):
        return any(equal(item, wanted) for item in inside)
    return as_text(wanted).lower() in as_text(inside).lower()


def _starts_with(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    text, start = _two(arguments)
    return as_text(text).lower().startswith(as_text(start).lower())


def _ends_with(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    text, end = _two(arguments)
    return as_text(text).lower().endswith(as_text(end).lower())


def _format(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    template, *values = arguments

    def put(match: re.Match[str]) -> str:
        if match.group(0) in ("{{", "}}"):
            return match.group(0)[0]
        number = int(match.group(1))
        if number >= len(values):
            raise ExpressionError(f"format() has no argument {{{number}}}")
        return as_text(values[number])

    return re.sub(r"\{\{|\}\}|\{(\d+)\}", put, as_text(template))


def _join(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    items = arguments[0]
    separator = as_text(arguments[1]) if len(arguments) > 1 else ","
    return separator.join(as_text(item) for item in items) if isinstance(items, list) else as_text(items)


def _to_json(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    return json.dumps(arguments[0], indent=2)


def _from_json(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    try:
        value: Json = json.loads(as_text(arguments[0]))
    except ValueError as error:
        raise ExpressionError("fromJSON() was given text that is not JSON") from error
    return value


def _hash_files(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    return hashlib.sha256("|".join(as_text(item) for item in arguments).encode()).hexdigest()


def _case(_: Mapping[str, Json], arguments: Sequence[Json]) -> Json:
    """Return the value after the first condition that holds, else the last one."""
    if len(arguments) < 3 or len(arguments) % 2 == 0:
        raise ExpressionError("case() wants pairs of a condition and a value, and a last value")
    pairs = zip(arguments[:-1:2], arguments[1:-1:2], strict=True)
    return next((value for condition, value in pairs if is_true(condition)), arguments[-1])


def _status(*accepted: str) -> Function:
    def function(scope: Mapping[str, Json], _: Sequence[Json]) -> Json:
        return look_up(scope.get("job"), "status") in accepted

    return function


def _always(_: Mapping[str, Json], __: Sequence[Json]) -> Json:
    return True


def _two(arguments: Sequence[Json]) -> tuple[Json, Json]:
    if len(arguments) != 2:
        raise ExpressionError(f"a function of two arguments was called with {len(arguments)}")
    return arguments[0], arguments[1]


FUNCTIONS: Mapping[str, Function] = {
    "contains": _contains,
    "startswith": _starts_with,
    "endswith": _ends_with,
    "format": _format,
    "join": _join,
    "tojson": _to_json,
    "fromjson": _from_json,
    "hashfiles": _hash_files,
    "case": _case,
    "success": _status("success"),
    "failure": _status("failure"),
    "cancelled": _status("cancelled"),
    "always": _always,
}
"""By name in lower case. The status functions read `job.status`, which for a job is the worst of what it needs."""
