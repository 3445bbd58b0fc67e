"""Does an event start a workflow? Filters on branches, tags and types, as GitHub documents them."""

from __future__ import annotations

import re

from keyless.model.codec import Json
from keyless.rehearsal.runner.workflow import Workflow


def starts(workflow: Workflow, event: str, ref: str, activity: str | None = None) -> bool:
    """Return whether `event` on `ref` ("refs/tags/v1", "refs/heads/main") runs the workflow.

    `activity` is the event's type ("published"); None passes every filter on types.
    """
    if event not in workflow.triggers:
        return False
    filters = workflow.triggers[event]
    if not isinstance(filters, dict):
        return True
    types = _list(filters.get("types"))
    if types and activity is not None and activity not in types:
        return False
    return event != "push" or _ref_passes(filters, ref)


def _ref_passes(filters: dict[str, Json], ref: str) -> bool:
    kind, short = ("tags", ref[10:]) if ref.startswith("refs/tags/") else ("branches", ref.removeprefix("refs/heads/"))
    if kind in filters:
        return matches(short, _list(filters[kind]))
    if f"{kind}-ignore" in filters:
        return not matches(short, _list(filters[f"{kind}-ignore"]))
    other = "branches" if kind == "tags" else "tags"
    return other not in filters and f"{other}-ignore" not in filters


def matches(name: str, patterns: list[str]) -> bool:
    """Return whether the last pattern that fits `name` is not one with `!`."""
    verdict = False
    for pattern in patterns:
        if _pattern(pattern.removeprefix("!")).fullmatch(name):
            verdict = not pattern.startswith("!")
    return verdict


def _pattern(glob: str) -> re.Pattern[str]:
    """GitHub's filter patterns: `*` stops at a slash, `**` does not, `?` and `+` repeat what stands before them."""
    parts = re.split(r"(\*\*/?|\*|\?|\+|\[[^\]]+\])", glob)
    words = {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "?", "+": "+"}
    return re.compile("".join(words.get(part, part if part.startswith("[") else re.escape(part)) for part in parts))


def inputs_of(workflow: Workflow, event: str, given: dict[str, Json]) -> dict[str, Json]:
    """Return the inputs of a run: what was given, and the defaults of what was not. Missing text is empty."""
    filters = workflow.triggers.get(event)
    declared = filters.get("inputs") if isinstance(filters, dict) else None
    if not isinstance(declared, dict):
        return dict(given)
    return {name: given.get(name, _default(body)) for name, body in declared.items()}


def _default(body: Json) -> Json:
    if not isinstance(body, dict):
        return ""
    if body.get("type") == "boolean":
        return body.get("default", False) in (True, "true")
    default = body.get("default")
    return "" if default is None else default


def _list(value: Json) -> list[str]:
    match value:
        case None:
            return []
        case list():
            return [str(item) for item in value]
        case _:
            return [str(value)]
