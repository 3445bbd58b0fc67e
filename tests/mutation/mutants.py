"""Small wrongs in a module's text: what a tired hand would write, one at a time.

Prose is left alone (a literal with a space in it, an f-string with one, a format): tests that repeat messages hold
nothing. So are annotations, decorators and docstrings, which do nothing when the program runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType

Function = ast.FunctionDef | ast.AsyncFunctionDef

_COMPARE: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min", "reversed": "list"}
_PLAIN = {"lower", "upper", "strip", "casefold"}
_SILENT = {"annotation", "returns", "decorator_list", "format_spec"}
_CONDITIONS = {(ast.If, "test"), (ast.IfExp, "test"), (ast.While, "test"), (ast.match_case, "guard"), (ast.comprehension, "ifs")}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One wrong. `function` is the qualified name of the outermost function around it, "" for what runs at import.

    `lines` are those on which a test must have been for it to notice; `key` names it as long as its code stays.
    """

    path: Path
    function: str
    lines: range
    change: str
    number: int
    tree: ast.Module = field(repr=False, compare=False)
    edit: tuple[ast.AST, str, object] = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        again = f" #{self.number}" if self.number else ""
        where = "/".join(self.path.parts[-2:]).removeprefix("keyless/")
        return f"{where} {self.function or 'import'}: {self.change}{again}"

    def code(self) -> CodeType:
        """Return the module with this one wrong in it."""
        parent, name, new = self.edit
        old = getattr(parent, name)
        setattr(parent, name, new)
        try:
            return compile(ast.fix_missing_locations(self.tree), str(self.path), "exec")
        finally:
            setattr(parent, name, old)


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module, in the order of its text; the same text gives the same mutants."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    counted: dict[tuple[str, str], int] = {}
    for function, statement, old, new, edit in _edits(tree, (), "", tree):
        change = f"`{_short(old)}` → `{_short(new)}`"
        number = counted[function, change] = counted.get((function, change), 0) + 1
        last = max(node.end_lineno for node in ast.walk(old) if hasattr(node, "end_lineno"))
        yield Mutant(path, function, range(statement.lineno, last + 1), change, number - 1, tree, edit)


def _short(node: ast.AST | None) -> str:
    if node is None:
        return "nothing"
    whole = f"case {ast.unparse(node.pattern)}" if isinstance(node, ast.match_case) else ast.unparse(node)
    text = " ".join(whole.split()).replace("`", "'")
    return text if len(text) <= 80 else f"{text[:60]} … {text[-17:]}"


def _edits(node: ast.AST, names: tuple[str, ...], function: str, statement: ast.AST) -> Iterator:
    if isinstance(node, Function | ast.ClassDef):
        names = (*names, node.name)
    if _is_silent(node):
        return
    for name, value in ast.iter_fields(node):
        if name in _SILENT:
            continue
        inside = function or (".".join(names) if isinstance(node, Function) and name == "body" else "")
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST):
                continue
            place = child if isinstance(child, ast.stmt) else statement
            for new in _replacements(node, name, child):
                within = [*value[:index], *([new] if new else []), *value[index + 1 :]] if value is not child else new
                yield inside, place, child, new, (node, name, within)
            yield from _edits(child, names, inside, place)


def _is_silent(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Constant():  # a docstring; a constant has no children
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case (
            ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))) | ast.AnnAssign(annotation=ast.Name(id="TypeAlias"))
        ):
            return True
        case ast.JoinedStr(values=values):
            return any(isinstance(v, ast.Constant) and _is_prose(v.value) for v in values)
    return False


def _is_prose(value: object) -> bool:
    return isinstance(value, str) and any(map(str.isspace, value))


def _replacements(parent: ast.AST, name: str, node: ast.AST) -> Iterator[ast.AST | None]:
    if (type(parent), name) in _CONDITIONS and not isinstance(node, ast.Constant):
        yield ast.Constant(False)
        if not isinstance(parent, ast.While):
            yield ast.Constant(True)
    match node:
        case ast.Compare(left, ops, comparators):
            for at, op in enumerate(ops):
                yield ast.Compare(left, [*ops[:at], _COMPARE[type(op)](), *ops[at + 1 :]], comparators)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.And() if isinstance(op, ast.Or) else ast.Or(), values)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.BinOp(left, op, right) if type(op) in _ARITHMETIC:
            yield ast.BinOp(left, _ARITHMETIC[type(op)](), right)
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(str(value)) if not _is_prose(value):
            yield ast.Constant(value + "XX")
        case ast.Constant(bytes(value)):
            yield ast.Constant(value + b"XX")
        case ast.Call(ast.Name(called), arguments, keywords) if called in _NAMES:
            yield ast.Call(ast.Name(_NAMES[called], ast.Load()), arguments, keywords)
        case ast.Call(ast.Name("sorted") as called, arguments, keywords):
            yield ast.Call(called, arguments, [*keywords, ast.keyword("reverse", ast.Constant(True))])
        case ast.Call(ast.Attribute(value, called), [], []) if called in _PLAIN:
            yield value
        case ast.Return(value) if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(None)
        case ast.Expr(ast.Call() | ast.Await() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()
        case ast.Raise() | ast.Delete() | ast.Continue() | ast.Break() | ast.AugAssign() | ast.Assert():
            yield ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript(), *_]):
            yield ast.Pass()
        case ast.match_case() if len(getattr(parent, name)) > 1:
            yield None
