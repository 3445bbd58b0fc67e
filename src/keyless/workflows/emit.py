"""New YAML text: the few lines that a rewrite adds, in the file's own indentation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

import yaml

from keyless.workflows.tree import Plain

Value: TypeAlias = "str | Mapping[str, Value]"
_SAFE = re.compile(r"^[A-Za-z0-9_./$](?:[\w ./@$(){}\[\]'&|=!<>,+*-]|:(?=/))*$", re.ASCII)


def scalar(text: str) -> str:
    """Return a text as a scalar on one line, quoted where it must be."""
    if _SAFE.match(text) and not text.endswith(" ") and _is_string(text):
        return text
    return "'" + text.replace("'", "''") + "'"


def _is_string(text: str) -> bool:
    try:
        node = yaml.compose(f"k: {text}\n", Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return False
    value = node.value[0][1] if isinstance(node, yaml.MappingNode) else None
    return isinstance(value, yaml.ScalarNode) and value.value == text and value.tag == "tag:yaml.org,2002:str"


def lines(key: str, value: Value, column: int, unit: int) -> list[str]:
    """Return a pair as block lines that begin at `column`."""
    margin = " " * column
    if isinstance(value, str):
        return [f"{margin}{key}: {scalar(value)}"]
    if not value:
        return [f"{margin}{key}: {{}}"]
    inner = [line for name, item in value.items() for line in lines(name, item, column + unit, unit)]
    return [f"{margin}{key}:", *inner]


def flow(value: Value) -> str:
    """Return a value in flow style."""
    if isinstance(value, str):
        text = scalar(value)
        return (
            text if not re.search(r"[,{}\[\]]", text) or text.startswith("'") else "'" + value.replace("'", "''") + "'"
        )
    return "{ " + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + " }" if value else "{}"


def tree(value: Value) -> Plain:
    """Return the tree that the emitted text must parse to."""
    if isinstance(value, str):
        return value
    return {key: tree(item) for key, item in value.items()}
