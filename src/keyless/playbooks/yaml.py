"""YAML as plain data with the place of every value: no objects, no references, no surprises of YAML 1.1.

A plain scalar is true/false/yes/no, null, a whole number or text; nothing else is guessed (no dates, no base 60).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import yaml

from keyless.errors import UsageError
from keyless.model.text import clean

Data: TypeAlias = bool | int | str | list["Data"] | dict[str, "Data"] | None
Where: TypeAlias = tuple[str | int, ...]

MOST_BYTES: Final = 256 * 1024
MOST_NODES: Final = 20_000
MOST_DEPTH: Final = 20
_WORDS: Final[dict[str, bool | None]] = {
    "true": True,
    "yes": True,
    "false": False,
    "no": False,
    "null": None,
    "~": None,
    "": None,
}


class PlaybookRefused(UsageError):
    """A playbook is not what it should be. Names file, line and column."""


@dataclass(frozen=True, slots=True)
class Place:
    """1-based line and column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """Data, and where each value (or, for a key, its name) stands in the file called `name`."""

    name: str
    data: Data
    places: dict[Where, Place]

    def refuse(self, where: Where, what: str, hint: str = "") -> PlaybookRefused:
        """Return the error that names the place of `where`, or of the nearest thing around it."""
        while where and where not in self.places:
            where = where[:-1]
        return refused(self.name, self.places.get(where, Place(1, 1)), what, hint)


def refused(name: str, place: Place, what: str, hint: str = "") -> PlaybookRefused:
    """Return the error that names a place."""
    return PlaybookRefused(f"{clean(name)}:{place.line}:{place.column}: {what}", hint=hint)


def read_yaml(name: str, content: bytes) -> Document:
    """Return the one document in `content`. Raises PlaybookRefused with the place of what is not allowed."""
    if len(content) > MOST_BYTES:
        raise refused(name, Place(1, 1), f"it has {len(content)} bytes, more than the {MOST_BYTES} that are read.")
    try:
        text = content.decode("utf-8-sig")
        _guard(name, yaml.parse(text, Loader=yaml.SafeLoader))
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise refused(name, Place(1, 1), f"it is not UTF-8 (byte {error.start}).") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise refused(name, _place(mark), f"it is not YAML: {clean(error.problem or 'unreadable')}.") from None
    except yaml.YAMLError as error:
        raise refused(name, Place(1, 1), f"it is not YAML: {clean(str(error))}.") from None
    if node is None:
        raise refused(name, Place(1, 1), "it is empty.")
    places: dict[Where, Place] = {}
    data = _value(name, node, (), places)
    return Document(name, data, places)


def _guard(name: str, events: Iterator[yaml.Event]) -> None:
    """Refuse what could grow or build objects, before anything is built."""
    depth = documents = 0
    for count, event in enumerate(events, 1):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        what = _forbidden(event)
        if count > MOST_NODES:
            what = f"it has more than {MOST_NODES} values"
        elif depth > MOST_DEPTH:
            what = f"it is nested deeper than {MOST_DEPTH} levels"
        elif documents > 1:
            what = "it has more than one document"
        if what:
            raise refused(name, _place(event.start_mark), f"{what}.", "A playbook is plain data: write values out.")


def _forbidden(event: yaml.Event) -> str:
    if isinstance(event, yaml.AliasEvent):
        return "references (*name) are not allowed"
    if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
        return "anchors (&name) are not allowed"
    if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
        return "tags (!name) are not allowed"
    return ""


def _value(name: str, node: yaml.Node, where: Where, places: dict[Where, Place]) -> Data:
    places.setdefault(where, _place(node.start_mark))
    if isinstance(node, yaml.SequenceNode):
        return [_value(name, item, (*where, number), places) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(name, node, where, places)
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return _plain(str(node.value)) if plain else str(node.value)


def _mapping(name: str, node: yaml.MappingNode, where: Where, places: dict[Where, Place]) -> dict[str, Data]:
    data: dict[str, Data] = {}
    for key_node, value_node in node.value:
        at = _place(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            raise refused(name, at, "a key has to be text.")
        key = str(key_node.value)
        if key in data:
            first = places[(*where, key)]
            raise refused(name, at, f"the key '{clean(key)}' is there twice (first in line {first.line}).")
        if key == "<<" and key_node.style is None:
            raise refused(name, at, "merge keys (<<) are not allowed.")
        places[(*where, key)] = at
        data[key] = _value(name, value_node, (*where, key), places)
    return data


def _plain(text: str) -> Data:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if re.fullmatch(r"[+-]?[0-9]{1,15}", text, re.ASCII):
        return int(text)
    return text


class _Mark(Protocol):
    line: int
    column: int


def _place(mark: _Mark | None) -> Place:
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
