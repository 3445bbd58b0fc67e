"""Operations on one place made one, and put in the order in which a tree takes them."""

from __future__ import annotations

from collections.abc import Sequence

from keyless.workflows.changes import EditScript, Operation, RemovePairs
from keyless.workflows.hunks import one_sentence
from keyless.workflows.step_changes import InsertStep, MoveStep, RemoveStep

_MOVING = (InsertStep, MoveStep, RemoveStep)


def merged(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations with those on the same mapping, or on the same script, made one."""
    result: list[Operation] = []
    for operation in operations:
        if operation in result:
            continue
        at = next((n for n, o in enumerate(result) if type(o) is type(operation) and o.path == operation.path), None)
        before = result[at] if at is not None else None
        if at is not None and isinstance(before, RemovePairs) and isinstance(operation, RemovePairs):
            keys = tuple(dict.fromkeys(before.keys + operation.keys))
            result[at] = RemovePairs(before.path, keys, _both(before.why, operation.why))
        elif at is not None and isinstance(before, EditScript) and isinstance(operation, EditScript):
            parts = _without_inner(before.parts + operation.parts)
            result[at] = EditScript(before.path, parts, _both(before.why, operation.why))
        else:
            result.append(operation)
    return result


def _both(one: str, other: str) -> str:
    return one if other.rstrip(".") in one else one_sentence((one.rstrip("."), other.rstrip(".")))


def _without_inner(parts: tuple[tuple[int, int, str], ...]) -> tuple[tuple[int, int, str], ...]:
    unique = tuple(dict.fromkeys(parts))
    return tuple(
        p for p in unique if p[0] == p[1] or not any(o is not p and o[0] <= p[0] and p[1] <= o[1] for o in unique)
    )


def in_order(operations: Sequence[Operation]) -> list[Operation]:
    """Steps are inserted and removed last and from the end, so that the other operations' paths stay true."""
    moving = [o for o in operations if isinstance(o, _MOVING)]
    moving.sort(key=lambda o: str(o.path[:-1]) + f"{o.path[-1]:06}", reverse=True)
    return [*(o for o in operations if not isinstance(o, _MOVING)), *moving]
