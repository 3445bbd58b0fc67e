"""POST /graphql: the document is checked against the types first, then run; errors stand in a 200 as GitHub's do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keyless.rehearsal.github.answers import Answer, Call, Endpoint
from keyless.rehearsal.github.graphql.mutations import ALL_TYPES
from keyless.rehearsal.github.graphql.parser import (
    Document,
    Field,
    NotGraphQL,
    Operation,
    Selection,
    Spread,
    Value,
    Variable,
    parse,
)
from keyless.rehearsal.github.graphql.schema import FieldType, Node, Problem
from keyless.rehearsal.github.graphql.types import INTERFACES
from keyless.rehearsal.github.rights import SIGNED_IN


class Invalid(Exception):
    """The document asks for what the types do not have; nothing ran."""

    def __init__(self, message: str, **extensions: str) -> None:
        super().__init__(message)
        self.error = {"message": message, "extensions": extensions, "locations": [{"line": 1, "column": 1}]}


def _graphql(call: Call) -> Answer:
    try:
        document = parse(call.text("query"))
        operation = _chosen(document, call.body.get("operationName"))
        root = "Mutation" if operation.kind == "mutation" else "Query"
        run = _Run(call, document.fragments, _variables(operation, call.body.get("variables") or {}))
        run.check(root, operation.selections)
    except NotGraphQL as wrong:
        return Answer(200, {"errors": [{"message": str(wrong), "locations": [{"line": 1, "column": 1}]}]})
    except Invalid as wrong:
        return Answer(200, {"errors": [wrong.error]})
    data = run.select(Node(root, {}), operation.selections, ())
    return Answer(200, {"data": data, "errors": run.errors} if run.errors else {"data": data})


def _chosen(document: Document, name: str | None) -> Operation:
    found = [one for one in document.operations if name is None or one.name == name]
    if len(found) != 1:
        raise Invalid("An operation name is required" if found else f'No operation named "{name}"')
    return found[0]


def _variables(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given.get(name, default) for name, default in operation.variables.items()}


@dataclass(slots=True)
class _Run:
    call: Call
    fragments: Mapping[str, Spread]
    variables: Mapping[str, Any]
    errors: list[dict[str, Any]] = field(default_factory=list)

    def check(self, type_name: str, selections: list[Selection]) -> None:
        """Raises Invalid for a field, fragment or variable that does not exist."""
        for one in selections:
            if isinstance(one, Spread):
                spread = self._fragment(one)
                condition = spread.condition or type_name
                if condition not in ALL_TYPES:
                    raise Invalid(
                        f"No such type {condition}, so it can't be a fragment condition", code="undefinedType"
                    )
                self.check(condition, spread.selections)
            elif one.name != "__typename":
                self._check_field(type_name, one)

    def _check_field(self, type_name: str, one: Field) -> None:
        found = ALL_TYPES[type_name].get(one.name)
        if found is None:
            message = f"Field '{one.name}' doesn't exist on type '{type_name}'"
            raise Invalid(message, code="undefinedField", typeName=type_name, fieldName=one.name)
        if (found.of is None) == bool(one.selections):
            message = f"Field must {'not ' if found.of is None else ''}have selections (field '{one.name}')"
            raise Invalid(message, code="selectionMismatch", nodeName=f"field '{one.name}'")
        self._value(list(one.arguments.values()))
        if found.of is not None:
            self.check(found.of, one.selections)

    def select(self, node: Node, selections: list[Selection], path: tuple[str | int, ...]) -> dict[str, Any]:
        """Return the fields that were asked for; those with a problem are None and stand in `errors`."""
        data: dict[str, Any] = {}
        for one in self._fields(node.type, selections):
            if one.name == "__typename":
                data[one.alias] = node.type
                continue
            value = self._resolve(ALL_TYPES[node.type][one.name], node, one, (*path, one.alias))
            before = data.get(one.alias)
            data[one.alias] = before | value if isinstance(before, dict) and isinstance(value, dict) else value
        return data

    def _resolve(self, found: FieldType, node: Node, one: Field, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401
        try:
            value = found.resolve(self.call, node.value, {name: self._value(v) for name, v in one.arguments.items()})
        except Problem as problem:
            error = {"type": problem.kind, "path": list(path), "message": problem.message}
            self.errors.append(error | {"locations": [{"line": 1, "column": 1}]})
            return None
        if isinstance(value, Node):
            return self.select(value, one.selections, path)
        if isinstance(value, list):
            return [self.select(item, one.selections, (*path, place)) for place, item in enumerate(value)]
        return value

    def _fields(self, type_name: str, selections: list[Selection]) -> Iterator[Field]:
        for one in selections:
            if not self._included(one.directives):
                continue
            if isinstance(one, Field):
                yield one
                continue
            spread = self._fragment(one)
            condition = spread.condition or type_name
            if condition == type_name or type_name in INTERFACES.get(condition, ()):
                yield from self._fields(type_name, spread.selections)

    def _fragment(self, spread: Spread) -> Spread:
        if spread.name is None:
            return spread
        if spread.name not in self.fragments:
            raise Invalid(f"Fragment {spread.name} was used, but not defined", code="useAndDefineFragment")
        return self.fragments[spread.name]

    def _included(self, directives: list[tuple[str, dict[str, Value]]]) -> bool:
        given = {name: self._value(arguments.get("if")) for name, arguments in directives}
        return given.get("include", True) is True and given.get("skip", False) is False

    def _value(self, value: Value) -> Any:  # noqa: ANN401 - a variable may hold any JSON
        if isinstance(value, Variable):
            if value.name not in self.variables:
                raise Invalid(f"Variable ${value.name} is used but not declared", code="variableNotDefined")
            return self.variables[value.name]
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, dict):
            return {name: self._value(one) for name, one in value.items()}
        return value


ENDPOINTS = (Endpoint("POST", "/graphql", _graphql, SIGNED_IN, resource="graphql"),)
