"""The types that can be asked for: per type its fields, per field what it leads to and how it is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from keyless.rehearsal.github.answers import Call
from keyless.rehearsal.store import Document


@dataclass(frozen=True, slots=True)
class Node:
    """A thing with fields, of a type by its name."""

    type: str
    value: Document


Arguments: TypeAlias = Mapping[str, Any]
Found: TypeAlias = "bool | int | str | Node | list[Node] | None"
Resolver: TypeAlias = Callable[[Call, Document, Arguments], Found]


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field: `of` names the type it leads to, None for a scalar."""

    resolve: Resolver
    of: str | None = None


class Problem(Exception):
    """A field's error: it becomes null and the answer says why, as GitHub's do."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind, self.message = kind, message


def plain(name: str) -> FieldType:
    """Return a scalar field that is in the value under `name`."""
    return FieldType(lambda _call, value, _arguments: value[name])


def connection(call_items: Callable[[Call, Document, Arguments], list[Node]], of: str) -> FieldType:
    """Return a field that pages through a list with `first` and `after`."""

    def resolve(call: Call, value: Document, arguments: Arguments) -> Found:
        first = arguments.get("first") or arguments.get("last")
        if not isinstance(first, int):
            message = "You must provide a `first` or `last` value to properly paginate the connection."
            raise Problem("MISSING_PAGINATION_BOUNDARIES", message)
        if not 0 < first <= 100:
            message = f"Requesting {first} records on the connection exceeds the `first` limit of 100 records."
            raise Problem("EXCESSIVE_PAGINATION", message)
        return Node(
            f"{of}Connection", {"items": call_items(call, value, arguments), "first": first, "after": _at(arguments)}
        )

    return FieldType(resolve, f"{of}Connection")


def connection_types(of: str) -> dict[str, dict[str, FieldType]]:
    """Return the types that a connection to `of` needs: itself, its edges."""

    def window(value: Document) -> list[Node]:
        nodes: list[Node] = value["items"][value["after"] : value["after"] + value["first"]]
        return nodes

    def edges(_call: Call, value: Document, _arguments: Arguments) -> Found:
        start = value["after"] + 1
        return [Node(f"{of}Edge", {"node": one, "cursor": str(start + i)}) for i, one in enumerate(window(value))]

    def page(_call: Call, value: Document, _arguments: Arguments) -> Found:
        end = value["after"] + len(window(value))
        marks = {"endCursor": str(end) if end > value["after"] else None, "hasNextPage": end < len(value["items"])}
        starts = {"startCursor": str(value["after"] + 1) if marks["endCursor"] else None}
        return Node("PageInfo", {**marks, **starts, "hasPreviousPage": value["after"] > 0})

    return {
        f"{of}Connection": {
            "totalCount": FieldType(lambda _call, value, _arguments: len(value["items"])),
            "nodes": FieldType(lambda _call, value, _arguments: window(value), of),
            "edges": FieldType(edges, f"{of}Edge"),
            "pageInfo": FieldType(page, "PageInfo"),
        },
        f"{of}Edge": {"cursor": plain("cursor"), "node": FieldType(lambda _call, value, _arguments: value["node"], of)},
    }


PAGE_INFO = {name: plain(name) for name in ("endCursor", "hasNextPage", "startCursor", "hasPreviousPage")}


def _at(arguments: Arguments) -> int:
    after = arguments.get("after")
    return int(after) if isinstance(after, str) and after.isdigit() else 0
