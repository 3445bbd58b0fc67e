"""GitHub's expressions: `${{ … }}` parsed and evaluated as the runner does.

Source: GitHub's documentation of contexts and expressions. Comparison is loose and ignores case, `&&` and `||` give an
operand back, and what is not there is null, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from keyless.model.codec import Json
from keyless.rehearsal.runner.functions import FUNCTIONS
from keyless.rehearsal.runner.values import ExpressionError, as_number, equal, is_true, look_up

Scope: TypeAlias = Mapping[str, Json]
Node: TypeAlias = Callable[[Scope], Json]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>[-+]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<sign>&&|\|\||==|!=|<=|>=|[()\[\].,!<>*]))"
)


def evaluate(text: str, scope: Scope) -> Json:
    """Return the value of one expression (without `${{ }}`). Raises ExpressionError when it cannot be parsed."""
    return _Parser(_tokens(text)).whole()(scope)


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"unexpected symbol at position {at + 1} of the expression {text!r}")
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind)))
        at = match.end()
    return found


class _Parser:
    """Recursive descent; each method returns a function of the scope, so that an unused branch is never evaluated."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Node:
        node = self._or()
        if self._at != len(self._tokens):
            raise ExpressionError(f"unexpected {self._tokens[self._at][1]!r} in an expression")
        return node

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, *signs: str) -> str | None:
        kind, text = self._peek()
        if kind == "sign" and text in signs:
            self._at += 1
            return text
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            raise ExpressionError(f"an expression lacks {sign!r}")

    def _or(self) -> Node:
        left = self._and()
        while self._take("||"):
            left = _either(left, self._and())
        return left

    def _and(self) -> Node:
        left = self._comparison()
        while self._take("&&"):
            left = _both(left, self._comparison())
        return left

    def _comparison(self) -> Node:
        left = self._unary()
        while sign := self._take("==", "!=", "<", "<=", ">", ">="):
            left = _compare(sign, left, self._unary())
        return left

    def _unary(self) -> Node:
        if self._take("!"):
            inner = self._unary()
            return lambda scope: not is_true(inner(scope))
        return self._postfix(self._primary())

    def _postfix(self, node: Node) -> Node:
        while sign := self._take(".", "["):
            if sign == ".":
                node = _member(node, self._member_name())
                continue
            node = _member(node, lambda _: "*") if self._take("*") else _member(node, self._or())
            self._need("]")
        return node

    def _member_name(self) -> Node:
        if self._take("*"):
            return lambda _: "*"
        kind, text = self._peek()
        if kind != "name":
            raise ExpressionError(f"a name must follow the dot, not {text!r}")
        self._at += 1
        return lambda _: text

    def _primary(self) -> Node:
        if self._take("("):
            inner = self._or()
            self._need(")")
            return inner
        kind, text = self._peek()
        self._at += 1
        match kind:
            case "string":
                value = text[1:-1].replace("''", "'")
                return lambda _: value
            case "number":
                number = as_number(text)
                return lambda _: number
            case "name":
                return self._name(text)
            case _:
                raise ExpressionError("an expression is incomplete" if kind == "end" else f"unexpected {text!r}")

    def _name(self, text: str) -> Node:
        if self._take("("):
            return self._call(text)
        constant: dict[str, Json] = {"true": True, "false": False, "null": None}
        if text in constant:
            return lambda _: constant[text]
        return lambda scope: _context(scope, text)

    def _call(self, name: str) -> Node:
        function = FUNCTIONS.get(name.lower())
        if function is None:
            raise ExpressionError(f"there is no function {name!r}")
        arguments: list[Node] = []
        if not self._take(")"):
            arguments.append(self._or())
            while self._take(","):
                arguments.append(self._or())
            self._need(")")
        return lambda scope: function(scope, [argument(scope) for argument in arguments])


def _context(scope: Scope, name: str) -> Json:
    """Return a context. One that is not available here is an error, as on GitHub: `secrets` in an `if` is one."""
    if not any(known.lower() == name.lower() for known in scope):
        raise ExpressionError(f"Unrecognized named-value: '{name}'")
    return look_up(dict(scope), name)


def _either(left: Node, right: Node) -> Node:
    def node(scope: Scope) -> Json:
        value = left(scope)
        return value if is_true(value) else right(scope)

    return node


def _both(left: Node, right: Node) -> Node:
    def node(scope: Scope) -> Json:
        value = left(scope)
        return right(scope) if is_true(value) else value

    return node


def _compare(sign: str, left: Node, right: Node) -> Node:
    def node(scope: Scope) -> Json:
        one, other = left(scope), right(scope)
        if sign in ("==", "!="):
            return equal(one, other) is (sign == "==")
        low, high = (one, other) if sign[0] == "<" else (other, one)
        if isinstance(low, str) and isinstance(high, str):
            smaller = low.lower() < high.lower()
        else:
            smaller = as_number(low) < as_number(high)
        return smaller or (len(sign) == 2 and equal(one, other))

    return node


def _member(node: Node, key: Node) -> Node:
    return lambda scope: look_up(node(scope), key(scope))
