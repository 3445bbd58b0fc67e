"""docs/questions.md, written from the table of questions: `python -m keyless.operators.document > docs/questions.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from keyless.model.plan import Phase
from keyless.operators.question import Kind, Question
from keyless.operators.questions import QUESTIONS, questions_of
from keyless.operators.values import SOURCES

_HEAD = f"""# Questions

Generated from the table in `src/keyless/operators/questions.py`; a test says when it is out of date.

Whatever the wizard asks, a flag and a key of a playbook answer as well. A script that leaves a question open ends with
exit code 2 and names both. Where there is one answer for each secret, index or upload, a flag takes `VALUE` or
`NAME=VALUE` and may be repeated, and a key takes one value or a map of names to values; the most exact name wins.
A name of a secret may say its store: `PYPI_TOKEN@environment:release`.

A secret never stands in a flag or a playbook, only where to read it from: {SOURCES}.
"""


_OPENS: Final = ("backup show", "backup extend", "backup key add", "backup key remove", "doctor --repair-journal")
_CHANGES: Final = ("backup extend", "backup key add", "backup key remove")
_ELSEWHERE: Final = {
    "environment": ("fix",),
    "confirm-fix": ("fix",),
    "confirm-shred": ("backup shred",),
    "confirm-backup": _CHANGES,
    "confirm-repair": ("doctor --repair-journal",),
    "grade": ("doctor --repair-journal",),
    "grade-reason": ("doctor --repair-journal",),
    "lease": ("backup extend",),
    "token": ("backup extend", "token inspect", "token probe", "token narrow"),
    "new-passphrase": ("backup key add",),
    "recipients": ("backup key add",),
    "keyring": _OPENS,
    "identity": _OPENS,
    "unlock-passphrase": _OPENS,
    "open-expired": ("backup extend",),
}
"""Commands that ask single questions, beside the phases of a migration."""


def questions_page() -> str:
    """Return the page."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _HEAD
    for phase in Phase:
        yield f"- `keyless {phase.value}`: {', '.join(_anchor(row) for row in questions_of(phase))}"
    yield ""
    for row in QUESTIONS:
        yield from _section(row)


def _anchor(row: Question) -> str:
    return f"[{row.identifier}](#{row.identifier})"


def _section(row: Question) -> Iterator[str]:
    yield f"## {row.identifier}"
    yield ""
    yield row.help
    yield ""
    yield f"- Asked: {row.asks if row.asked else 'never; only a flag or a playbook says it'}"
    yield f"- Why: {row.why}"
    yield f"- Flag: `{row.flag}{_value(row)}`"
    yield f"- Playbook: {f'`{row.key}`' if row.phases else 'no'}"
    yield f"- Commands: {', '.join([*(phase.value for phase in row.phases), *_ELSEWHERE.get(row.identifier, ())])}"
    yield f"- Without an answer: {_without(row)}"
    for choice in row.choices:
        yield f"- `{choice.value}`: {choice.leads_to}"
    yield ""


def _value(row: Question) -> str:
    if row.kind is Kind.CONFIRM or (row.kind is Kind.YES_NO and not row.per):
        return ""
    return " [NAME=]…" if row.per else " …"


def _without(row: Question) -> str:
    match row.default:
        case None:
            return "a script stops"
        case _ if row.explicit:
            return "a script stops"
        case ():
            return "none"
        case "":
            return "empty"
        case bool():
            return "yes" if row.default else "no"
        case _:
            return f"`{row.default}`"


if __name__ == "__main__":
    sys.stdout.write(questions_page())
