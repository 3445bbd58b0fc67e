"""Whether two steps can run in the same run of a job, told from their `if:`."""

from __future__ import annotations

from keyless.workflows.expressions import Access, Binary, Call, Expression, Literal, Not, embedded, parse
from keyless.workflows.shape import Job, Step
from keyless.workflows.tree import get, string


def exclusive(one: Step, other: Step) -> bool:
    """Return True only when the conditions of two steps can never both hold."""
    first, second = _condition(one), _condition(other)
    if first is None or second is None:
        return False
    return any(_contradict(a, b) for a in _conjuncts(first) for b in _conjuncts(second))


def excludes_event(part: Step | Job, event: str) -> bool:
    """Return True only when the `if:` of a step or job can never hold for runs of an event."""
    condition = _condition(part)
    name = Binary("==", Access("github", (Literal("event_name"),)), Literal(event))
    if condition is None:
        return False
    tags_only = event.startswith("pull_request") and any(_asks_for_tag(c) for c in _conjuncts(condition))
    return tags_only or any(_contradict(c, name) for c in _conjuncts(condition))


def _asks_for_tag(expression: Expression) -> bool:
    """Whether a condition holds for tags only (a pull request's run never has a tag's ref)."""
    match expression:
        case Call("startswith", (Access("github", (Literal("ref"),)), Literal(prefix))):
            return prefix.startswith("refs/tags")
        case Binary("==", Access("github", (Literal("ref_type"),)), Literal("tag")):
            return True
        case _:
            return False


def _condition(part: Step | Job) -> Expression | None:
    text = string(get(part.node, "if"))
    if not text:
        return None
    parts = embedded(text)
    if len(parts) == 1 and not text.replace(parts[0].text, "").strip():
        return parts[0].expression
    return parse(text) if not parts else None


def _conjuncts(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Binary("&&", left, right):
            return (*_conjuncts(left), *_conjuncts(right))
        case _:
            return (expression,)


def _contradict(one: Expression, other: Expression) -> bool:
    if _denied(one) == other or _denied(other) == one:
        return True
    match one, other:
        case Binary("==", left, Literal(a)), Binary("==", right, Literal(b)):
            return left == right and a.lower() != b.lower()
        case (Binary("==", left, a), Binary("!=", right, b)) | (Binary("!=", left, a), Binary("==", right, b)):
            return left == right and a == b
        case _:
            return False


def _denied(expression: Expression) -> Expression | None:
    """Return what an expression denies: `!x`, `x != true`, `x == false`."""
    match expression:
        case Not(operand):
            return operand
        case Binary("!=", left, Literal("true")) | Binary("==", left, Literal("false")):
            return left
        case _:
            return None
