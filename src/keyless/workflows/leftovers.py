"""Variables that only carried the token: once nothing names them any more, their lines go too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from keyless.workflows.changes import Operation, RemovePairs
from keyless.workflows.hunks import apply, distinct
from keyless.workflows.refusal import Refused
from keyless.workflows.scope import Binding, FromSecret, trace
from keyless.workflows.shape import Pair, Workflow
from keyless.workflows.sites import Site
from keyless.workflows.spans import Document
from keyless.workflows.step_changes import MoveStep
from keyless.workflows.walk import job_scope_of

_CONDITION = re.compile(r"\bif\s*:")


def leftovers(flow: Workflow, todo: Sequence[Site], operations: Sequence[Operation], doc: Document) -> list[Operation]:
    """Return the removal of `env:` pairs that hold a secret which goes and that nothing reads after the change.

    Raises Refused where a condition looks at such a secret or variable: without it the upload would be skipped.
    """
    secrets = {name for site in todo for name in site.secrets} - {"GITHUB_TOKEN"}
    edits = distinct([edit for operation in operations for edit in operation.edits(doc)])
    after = apply(doc.text, edits)
    inside = [inner for o in operations if isinstance(o, MoveStep) for inner in o.inside]
    gone = {(o.path, key) for o in (*operations, *inside) if isinstance(o, RemovePairs) for key in o.keys}
    found: list[Operation] = []
    for pair, level in _pairs(flow, todo):
        if (pair.path[:-1], str(pair.path[-1])) in gone or not _carries(flow, pair, level, secrets):
            continue
        name = str(pair.key.value)
        if len(re.findall(rf"(?<![\w.]){re.escape(name)}(?!\w)|\benv\.{re.escape(name)}\b", _code(after))) > 1:
            continue
        why = f"Nothing reads {name} any more, and it only carried the token."
        found.append(RemovePairs(pair.path[:-1], (name,), why))
    _conditions(secrets, after)
    return found


def _code(text: str) -> str:
    """Return the text without comments on lines of their own."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _pairs(flow: Workflow, todo: Sequence[Site]) -> Iterator[tuple[Pair, str]]:
    yield from ((pair, "workflow") for pair in flow.env.values())
    for job in {site.visit.job.id: site.visit.job for site in todo}.values():
        yield from ((pair, job.id) for pair in job.env.values())
        for step in job.steps:
            yield from ((pair, job.id) for pair in step.env.values())


def _carries(flow: Workflow, pair: Pair, level: str, secrets: set[str]) -> bool:
    job = flow.jobs.get(level) or next(iter(flow.jobs.values()))
    place = flow.text.place(pair.key.start_mark.index)
    sources = trace(Binding(pair.text, place, "step", job_scope_of(flow, job)))
    return bool(sources) and all(isinstance(s, FromSecret) and s.name in secrets for s in sources)


def _conditions(secrets: set[str], after: str) -> None:
    for name in secrets:
        for line in _code(after).splitlines():
            tests = _CONDITION.search(line) or "!=" in line or "==" in line
            if tests and re.search(rf"secrets\.{re.escape(name)}\b", line, re.IGNORECASE):
                raise Refused(
                    f"a condition looks whether the secret {name} is there: without it, the upload would be skipped",
                    f"Replace the condition on {name} by one that does not look at secrets.",
                )
