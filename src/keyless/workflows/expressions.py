"""GitHub's expression language, as far as values flow through it: which contexts may `${{ … }}` yield?

Grammar: docs.github.com, "Evaluate expressions in workflows and actions". Functions are case-insensitive, so are names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeAlias

_EMBEDDED = re.compile(r"\$\{\{((?:'(?:[^']|'')*'|[^'])*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<op>&&|\|\||==|!=|<=|>=|[!<>().,*]|\[|\]))",
)
_BOOLEAN = frozenset({"contains", "startswith", "endswith", "success", "failure", "always", "cancelled", "hashfiles"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A string or number, or one of the words true, false and null."""

    value: str


@dataclass(frozen=True, slots=True)
class Access:
    """`context.key[expression]…`; `.*` is the literal key `*`. `context` is lower-cased."""

    context: str
    keys: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call; `keys` are what follows it, as in `fromJSON(x).y`."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """`!operand`."""

    operand: Expression


Expression: TypeAlias = "Literal | Access | Call | Binary | Not"


@dataclass(frozen=True, slots=True)
class Embedded:
    """One `${{ … }}` in a text: its span, its text and what it parses to (None: GitHub would refuse it)."""

    start: int
    end: int
    text: str
    expression: Expression | None


@lru_cache(maxsize=4096)
def embedded(text: str) -> tuple[Embedded, ...]:
    """Return the expressions in a text, in order."""
    if "${{" not in text:
        return ()
    return tuple(Embedded(m.start(), m.end(), m[0], parse(m[1])) for m in _EMBEDDED.finditer(text))


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression | None:
    """Return the expression, or None where it does not parse."""
    tokens: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        at = match.end()
    try:
        parser = _Parser(tokens)
        result = parser.either()
    except (_Malformed, RecursionError):
        return None
    return result if parser.at == len(tokens) else None


class _Malformed(Exception):  # private: parse() turns it into None
    pass


class _Parser:
    """Recursive descent, lowest precedence first."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> tuple[str, str]:
        if self.at >= len(self.tokens) or (wanted is not None and self.tokens[self.at][1] != wanted):
            raise _Malformed
        self.at += 1
        return self.tokens[self.at - 1]

    def either(self) -> Expression:
        return self._chain(("||",), lambda: self._chain(("&&",), self.comparison))

    def comparison(self) -> Expression:
        return self._chain(("==", "!=", "<", "<=", ">", ">="), self.unary)

    def _chain(self, operators: tuple[str, ...], below: _Below) -> Expression:
        left = below()
        while self.at < len(self.tokens) and self.tokens[self.at] in {("op", o) for o in operators}:
            left = Binary(self.take()[1], left, below())
        return left

    def unary(self) -> Expression:
        if self.peek() == "!":
            self.take()
            return Not(self.unary())
        return self.primary()

    def primary(self) -> Expression:
        kind, text = self.take()
        if kind == "string":
            return Literal(text[1:-1].replace("''", "'"))
        if kind == "number":
            return Literal(text)
        if text == "(":
            inner = self.either()
            self.take(")")
            return self._inside(inner)
        if kind != "name":
            raise _Malformed
        if self.peek() == "(":
            return self._inside(Call(text.lower(), self.arguments()))
        if text.lower() in {"true", "false", "null"}:
            return Literal("" if text.lower() == "null" else text.lower())
        return Access(text.lower(), self.keys())

    def arguments(self) -> tuple[Expression, ...]:
        self.take("(")
        found: list[Expression] = []
        while self.peek() != ")":
            found.append(self.either())
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        return tuple(found)

    def keys(self) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while self.peek() in {".", "["}:
            if self.take()[1] == ".":
                found.append(Literal(self.take()[1]))
            else:
                found.append(self.either())
                self.take("]")
        return tuple(found)

    def _inside(self, base: Expression) -> Expression:
        """Return `base` for `base.key`: what is inside comes from it, and which part does not matter here."""
        self.keys()
        return base


class _Below(Protocol):
    def __call__(self) -> Expression: ...


def values(expression: Expression) -> tuple[Literal | Access, ...]:
    """Return what the expression's value may be: literals and contexts. Conditions and comparisons yield no value."""
    match expression:
        case Literal() | Access():
            return (expression,)
        case Binary("||", left, right):
            return values(left) + values(right)
        case Binary("&&", _, right):
            return (*values(right), Literal(""))
        case Call("case", arguments):
            return tuple(v for a in (*arguments[1::2], arguments[-1]) for v in values(a)) if arguments else ()
        case Call(function, arguments) if function not in _BOOLEAN:
            return tuple(v for argument in arguments for v in values(argument))
        case _:
            return ()


def accesses(expression: Expression) -> Iterator[Access]:
    """Yield every context that the expression reads, conditions included."""
    match expression:
        case Access(_, keys):
            yield expression
            for key in keys:
                yield from accesses(key)
        case Binary(_, left, right):
            yield from accesses(left)
            yield from accesses(right)
        case Not(operand):
            yield from accesses(operand)
        case Call(_, arguments):
            for argument in arguments:
                yield from accesses(argument)
        case Literal():
            return
