"""Text with `${{ … }}` in it, conditions, and whole trees of such text."""

from __future__ import annotations

import re

from keyless.model.codec import Json
from keyless.rehearsal.runner.expressions import Scope, evaluate
from keyless.rehearsal.runner.values import as_text, is_true

_EXPRESSION = re.compile(r"\$\{\{((?:'(?:[^']|'')*'|(?!\}\})[^'])*)\}\}", re.DOTALL)
_STATUS = re.compile(r"\b(?:success|failure|always|cancelled)\s*\(", re.IGNORECASE)


def text(template: str, scope: Scope) -> str:
    """Return `template` with every expression replaced by its value's text."""
    return _EXPRESSION.sub(lambda match: as_text(evaluate(match.group(1), scope)), template)


def value(template: Json, scope: Scope) -> Json:
    """Return a tree with its expressions evaluated; text that is one single expression keeps its value's kind."""
    match template:
        case str():
            single = _EXPRESSION.fullmatch(template.strip())
            return evaluate(single.group(1), scope) if single else text(template, scope)
        case list():
            return [value(item, scope) for item in template]
        case dict():
            return {key: value(item, scope) for key, item in template.items()}
        case _:
            return template


def holds(condition: Json, scope: Scope) -> bool:
    """Return whether an `if:` lets its job or step run: without a status function, `success()` is meant as well."""
    if condition is None:
        return is_true(evaluate("success()", scope))
    words = as_text(condition)
    if not isinstance(condition, str):
        words = "true" if is_true(condition) else "false"
    single = _EXPRESSION.fullmatch(words.strip())
    if single is None and "${{" in words:
        outcome: Json = text(words, scope)
    else:
        outcome = evaluate(single.group(1) if single else words, scope) if words.strip() else True
    if not _STATUS.search(words) and not is_true(evaluate("success()", scope)):
        return False
    return is_true(outcome)
