"""GraphQL documents as values: operations, fragments, fields. Recursive descent over the specification's grammar."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | Variable | None"
T = TypeVar("T")
IGNORED = r"(?:[\s,\ufeff]|#[^\n\r]*)*"
TOKEN = re.compile(
    IGNORED
    + r'(?:(?P<block>"""(?:\\"""|.)*?""")|(?P<text>"(?:\\.|[^"\\\n\r])*")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>\.\.\.|[!$&()\[\]{}:=@|])|(?P<end>\Z))",
    re.DOTALL | re.ASCII,
)


class NotGraphQL(ValueError):
    """The text is not a GraphQL document; the message is fit for an answer."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name` where a value is expected."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """`alias: name(arguments) { … }`; `directives` are (name, arguments)."""

    alias: str
    name: str
    arguments: dict[str, Value]
    directives: list[tuple[str, dict[str, Value]]]
    selections: list[Selection]


@dataclass(frozen=True, slots=True)
class Spread:
    """`...name`, or `... on condition { … }` when `name` is None."""

    name: str | None
    condition: str | None
    directives: list[tuple[str, dict[str, Value]]]
    selections: list[Selection]


Selection: TypeAlias = "Field | Spread"


@dataclass(frozen=True, slots=True)
class Operation:
    """A query or mutation; `variables` maps each declared name to its default."""

    kind: str
    name: str | None
    variables: dict[str, Value]
    selections: list[Selection]


@dataclass(slots=True)
class Document:
    """All operations and fragments of a text."""

    operations: list[Operation] = field(default_factory=list)
    fragments: dict[str, Spread] = field(default_factory=dict)


def parse(text: str) -> Document:
    """Return the document. Raises NotGraphQL."""
    parser = _Parser(text)
    document = Document()
    while parser.kind != "end":
        if parser.accept("fragment"):
            name = parser.name()
            document.fragments[name] = parser.fragment(name)
        else:
            document.operations.append(parser.operation())
    return document


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.kind, self._token = "", ""
        self._next()

    def _next(self) -> str:
        before = self._token
        found = TOKEN.match(self._text, self._at)
        if found is None or found.lastgroup is None:
            raise NotGraphQL(f"Parse error on character {self._at}")
        self.kind, self._token, self._at = found.lastgroup, found[found.lastgroup], found.end()
        return before

    def accept(self, token: str) -> bool:
        if self._token != token or self.kind not in ("sign", "name"):
            return False
        self._next()
        return True

    def _expect(self, token: str) -> None:
        if not self.accept(token):
            raise NotGraphQL(f'Parse error on "{self._token}" ({self.kind}), expected "{token}"')

    def name(self) -> str:
        if self.kind != "name":
            raise NotGraphQL(f'Parse error on "{self._token}" ({self.kind}), expected a name')
        return self._next()

    def _many(self, opening: str, one: Callable[[], T], closing: str) -> list[T]:
        found: list[T] = []
        if self.accept(opening):
            while not self.accept(closing):
                found.append(one())
        return found

    def operation(self) -> Operation:
        kind = "query" if self._token == "{" else self.name()
        if kind not in ("query", "mutation"):
            raise NotGraphQL(f'Parse error on "{kind}" (name), expected an operation')
        name = self.name() if self.kind == "name" else None
        variables = dict(self._many("(", self._declaration, ")"))
        self._directives()
        return Operation(kind, name, variables, self._selections())

    def fragment(self, name: str) -> Spread:
        self._expect("on")
        return Spread(name, self.name(), self._directives(), self._selections())

    def _declaration(self) -> tuple[str, Value]:
        self._expect("$")
        name = self.name()
        self._expect(":")
        self._type()
        return name, self._value() if self.accept("=") else None

    def _type(self) -> None:
        if self.accept("["):
            self._type()
            self._expect("]")
        else:
            self.name()
        self.accept("!")

    def _selections(self) -> list[Selection]:
        if self._token != "{":
            raise NotGraphQL(f'Parse error on "{self._token}" ({self.kind}), expected "{{"')
        return self._many("{", self._selection, "}")

    def _selection(self) -> Selection:
        if self.accept("..."):
            if self.kind == "name" and self._token != "on":
                return Spread(self.name(), None, self._directives(), [])
            condition = self.name() if self.accept("on") else None
            return Spread(None, condition, self._directives(), self._selections())
        alias = name = self.name()
        if self.accept(":"):
            name = self.name()
        arguments = dict(self._many("(", self._argument, ")"))
        directives = self._directives()
        return Field(alias, name, arguments, directives, self._selections() if self._token == "{" else [])

    def _argument(self) -> tuple[str, Value]:
        name = self.name()
        self._expect(":")
        return name, self._value()

    def _directives(self) -> list[tuple[str, dict[str, Value]]]:
        found: list[tuple[str, dict[str, Value]]] = []
        while self.accept("@"):
            found.append((self.name(), dict(self._many("(", self._argument, ")"))))
        return found

    def _value(self) -> Value:
        if self.accept("$"):
            return Variable(self.name())
        if self._token == "[":
            return self._many("[", self._value, "]")
        if self._token == "{":
            return dict(self._many("{", self._argument, "}"))
        kind, token = self.kind, self._next()
        match kind:
            case "text" | "number":
                value: Value = json.loads(token)
            case "block":
                value = token[3:-3].replace('\\"""', '"""').strip()
            case "name":
                value = {"true": True, "false": False, "null": None}.get(token, token)
            case _:
                raise NotGraphQL(f'Parse error on "{token}" ({kind}), expected a value')
        return value
