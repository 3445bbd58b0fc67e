"""A refused exchange, read from what a publishing tool printed, and explained against the publisher that was expected.

The claims stand in the text of pypa/gh-action-pypi-publish (oidc-exchange.py) one on a line; the codes are PyPI's
(warehouse, oidc/views.py). Copied logs carry times and marks before each line, annotations have line ends as %0A.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from keyless.model.publisher import Publisher
from keyless.model.refusal import Explanation, FieldExplained, Refusal
from keyless.workflows import compare_publisher

INVALID_PUBLISHER: Final = "invalid-publisher"
OTHER_RUN: Final = "not-the-expected-run"
"""keyless's own code: the run is not the one that was expected, so no index was asked."""

NOT_THE_PUBLISHER: Final = frozenset({INVALID_PUBLISHER, "invalid-pending-publisher", OTHER_RUN})
"""The codes that say that publisher and run do not fit; the others say that it cannot be told at this time."""

_CODES: Final = {
    INVALID_PUBLISHER: "No publisher that is registered for the project fits what the run said of itself.",
    "invalid-pending-publisher": (
        "A publisher was registered for a project that did not exist yet, and by now somebody else made that project."
    ),
    "not-enabled": "The index has switched trusted publishing off for now.",
    "invalid-payload": "What was sent was no identity of GitHub's.",
    "invalid-token": "The run's identity was damaged, too old, or made for another index.",
    "invalid-reuse-token": "The run's identity was used before: each serves once.",
}
_NAMES: Final = ("repository", "job_workflow_ref", "workflow_ref", "environment", "ref", "sub", "repository_owner")
_CLAIM: Final = re.compile(rf"(?<![\w-])`?({'|'.join(_NAMES)})`?\s*[:=]\s*`?([^\s`,]+)`?")
_CODE: Final = re.compile(rf"`?({'|'.join(_CODES)})`?\s*[:\"]*\s*([^\n]*)")
_WORKFLOW: Final = re.compile(r"([^/\s]+/[^/\s]+)/\.github/workflows/([^/@\s]+)@(\S+)")
_ABSENT: Final = "MISSING"


def read_refusal(text: str) -> Refusal | None:
    """Return the refusal that a log, an annotation or an answer of the index tells of, None where there is none."""
    lines = text.replace("%0A", "\n").replace("%25", "%")
    reasons = tuple(dict.fromkeys((m[1], m[2].strip(' `"}]')) for m in _CODE.finditer(lines)))
    if not reasons:
        return None
    claims = {m[1]: m[2] for m in _CLAIM.finditer(lines) if m[2] != _ABSENT}
    return Refusal(reasons, claims)


def real_publisher(claims: Mapping[str, str]) -> Publisher | None:
    """Return the publisher that a run with these claims needs; None where they do not say which run it was."""
    workflow = _WORKFLOW.fullmatch(claims.get("job_workflow_ref", "") or claims.get("workflow_ref", ""))
    repository = claims.get("repository") or (workflow[1] if workflow else "")
    owner, _, name = repository.partition("/")
    if workflow is None or not name:
        return None
    return Publisher(owner, name, workflow[2], claims.get("environment") or None)


def explain(refusal: Refusal, expected: Publisher | None, page: str) -> Explanation:
    """Return what was the matter. `page` is where the publisher of this project is registered."""
    code = refusal.reasons[0][0]
    real = real_publisher(refusal.claims)
    if code != INVALID_PUBLISHER or real is None:
        more = "" if real or code != INVALID_PUBLISHER else " What the run said of itself is not in the text."
        return Explanation(code, f"{_CODES[code]}{more}", (), real, page)
    fields = beside(real, expected)
    return Explanation(code, f"{_CODES[code]} {_verdict(refusal, fields, expected)}", fields, real, page)


def beside(real: Publisher, expected: Publisher | None) -> tuple[FieldExplained, ...]:
    """Return the four fields of what a run said of itself, each beside what was expected."""
    return tuple(_fields(real, expected))


def _fields(real: Publisher, expected: Publisher | None) -> Iterator[FieldExplained]:
    differences = {one.field: one for one in compare_publisher(real, expected)} if expected else {}
    for field in ("owner", "repository", "workflow", "environment"):
        difference = differences.get(field)
        wrong = difference.reason if difference and difference.fatal else ""
        wanted = (getattr(expected, field) or "(any)") if expected else "(not known)"
        yield FieldExplained(field, getattr(real, field) or "(none)", wanted, wrong)


def _verdict(refusal: Refusal, fields: tuple[FieldExplained, ...], expected: Publisher | None) -> str:
    called = _WORKFLOW.fullmatch(refusal.claims.get("job_workflow_ref", ""))
    if called and called[1].lower() != refusal.claims.get("repository", called[1]).lower():
        return f"The upload happened in a reusable workflow of {called[1]}, which PyPI does not support."
    wrong = [each.field for each in fields if each.wrong]
    if expected is None:
        return "Which publisher was expected is not known here; what the run said is the one that it needs."
    if not wrong:
        return (
            "The run is the one that was expected, so the publisher that is registered on the index is another, or "
            "none: compare its four fields with these, letter by letter."
        )
    return (
        f"The field that does not fit: {wrong[0]}."
        if len(wrong) == 1
        else f"Fields that do not fit: {', '.join(wrong)}."
    )
