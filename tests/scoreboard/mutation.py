"""Bytes and JSON values, changed as a careless or malicious hand would. The same seed gives the same changes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

PIECES = (
    b"\0",
    b"\xff\xfe",
    b"\n",
    b"\t",
    b": ",
    b"- ",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"'",
    b"&a ",
    b"*a",
    b"!!python/object:os.system ",
)
PIECES += (
    b"${{ ",
    b" }}",
    b"\\u0000",
    b"\xed\xa0\x80",
    b"1e999",
    b"-1",
    b"9" * 400,
    b"NaN",
    b"<<: ",
    b"|\n",
    b"\x1b[2J",
    b"\xe2\x80\xae",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1 << 70,
    1.5,
    "",
    "x",
    "\0",
    "\x1b[31m",
    "é" * 300,
    [],
    {},
    [[]],
    {"": None},
    "2026-13-45T99:99:99Z",
    "../../etc/passwd",
)
DEEP = b"[" * 3000


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one to four changes."""
    for _ in range(chance.randrange(1, 5)):
        place = chance.randrange(len(data) + 1)
        length = chance.choice((0, 1, 1, 2, 8, 40))
        match chance.randrange(7):
            case 0:
                data = data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
            case 1:
                data = data[:place] + chance.choice(PIECES) + data[place + length :]
            case 2:
                data = data[:place] + data[place + length :]
            case 3:
                data = data[:place] + data[place : place + 60] * chance.randrange(2, 5) + data[place:]
            case 4:
                lines = data.split(b"\n")
                chance.shuffle(lines)
                data = b"\n".join(lines)
            case 5:
                other = chance.randrange(len(data) + 1)
                data = data[:place] + data[other : other + 40] + data[place:]
            case _:
                data = data[:place] + (DEEP if chance.randrange(20) == 0 else b"  ") + data[place:]
    return data


def altered(value: Any, chance: random.Random) -> Any:
    """Return a JSON value with one place of it changed, left out or doubled."""
    places = list(_places(value))
    if not places:
        return chance.choice(VALUES)
    path = chance.choice(places)
    copy = json.loads(json.dumps(value))
    at = copy
    for part in path[:-1]:
        at = at[part]
    last = path[-1]
    match chance.randrange(4):
        case 0 | 1:
            at[last] = chance.choice(VALUES)
        case 2:
            del at[last]
        case _ if isinstance(at, list):
            at.append(at[last])
        case _:
            at[f"{last}x"] = at.pop(last)
    return copy


def _places(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*so_far, key)
        yield from _places(each, (*so_far, key))
