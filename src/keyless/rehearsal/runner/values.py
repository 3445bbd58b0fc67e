"""How GitHub's expressions treat values: truth, numbers, text, equality, and looking inside."""

from __future__ import annotations

import math

from keyless.model.codec import Json


class ExpressionError(ValueError):
    """An expression cannot be parsed or its function was called wrongly. GitHub fails the whole job for it."""


def is_true(value: Json) -> bool:
    """Return false for null, false, zero and the empty text only: an empty list is true."""
    if isinstance(value, (list, dict)):
        return True
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def as_number(value: Json) -> float:
    """Return the number that a comparison sees; not-a-number for text that is none, lists and objects."""
    match value:
        case None:
            return 0.0
        case bool() | int() | float():
            return float(value)
        case str():
            return _parsed(value.strip())
        case _:
            return math.nan


def _parsed(text: str) -> float:
    if not text:
        return 0.0
    try:
        return float(int(text, 16)) if text.lower().lstrip("+-").startswith("0x") else float(text)
    except ValueError:
        return math.nan


def as_text(value: Json) -> str:
    """Return the text that a value becomes in a workflow."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case list():
            return "Array"
        case dict():
            return "Object"
        case _:
            return str(value)


def equal(left: Json, right: Json) -> bool:
    """Compare loosely: text ignores case, different kinds compare as numbers, lists and objects only by identity."""
    if isinstance(left, (list, dict)) or isinstance(right, (list, dict)):
        return left is right
    if left is None and right is None:
        return True
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return as_number(left) == as_number(right)


def look_up(value: Json, key: Json) -> Json:
    """Return what lies inside `value` under `key`, ignoring case; `*` gives all of it; null where nothing is."""
    match value, key:
        case dict(), "*":
            return list(value.values())
        case list(), "*":
            return value
        case dict(), str():
            return next((item for name, item in value.items() if name.lower() == key.lower()), None)
        case list(), bool() | int() | float():
            return value[int(key)] if 0 <= int(key) < len(value) else None
        case list(), str():
            return [look_up(item, key) for item in value if isinstance(item, dict)]
        case _:
            return None
