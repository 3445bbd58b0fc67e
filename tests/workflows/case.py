"""Cases as data: `cases/NAME.case` holds one sentence, maybe `environments:` and `repository: OWNER/NAME BRANCH`, the files, and below `===` what keyless says and changes.

`python -m tests.workflows.case NAME…` writes the lines below `===` anew for cases that were looked at by eye.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keyless.model.github import Repository, SourceFile
from keyless.model.index import Index
from keyless.model.workflow import Analysis, Here, Rewrite
from keyless.workflows import analyse, rewrite

FOLDER = Path(__file__).parent / "cases"
FEWEST = 186
"""Cases. An emptied folder fails."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `expected` are the lines below `===`."""

    name: str
    sentence: str
    environments: dict[Index, str | None]
    files: tuple[SourceFile, ...]
    expected: tuple[str, ...]
    here: Here | None = None


def load(path: Path) -> Case:
    """Return the case in a file."""
    given, _, expected = path.read_text(encoding="utf-8").partition("\n===\n")
    head, *parts = (given + "\n").split("--- .", 1)
    sentence, *settings = head.strip().splitlines()
    setting = dict(line.split(":", 1) for line in settings)
    pairs = (pair.split("=") for pair in setting.get("environments", "").split())
    owner, _, rest = setting.get("repository", "").strip().partition("/")
    repository, _, branch = rest.partition(" ")
    here = Here(Repository(owner, repository), branch or None) if owner else None
    files = []
    for part in ("--- ." + parts[0]).split("--- ")[1:]:
        name, _, text = part.partition("\n")
        files.append(SourceFile(name, text.encode()))
    environments: dict[Index, str | None] = {Index(index): name for index, name in pairs}
    return Case(
        path.stem,
        sentence.strip(),
        environments,
        tuple(files),
        tuple(line for line in expected.splitlines() if line),
        here,
    )


def cases() -> list[Case]:
    """Return every case, by name."""
    return [load(path) for path in sorted(FOLDER.glob("*.case"))]


def outcome(case: Case) -> tuple[str, ...]:
    """Return what keyless makes of a case, as lines."""
    return (*said(analyse(case.files, case.here)), *changed(rewrite(case.files, case.environments, case.here)))


def said(result: Analysis) -> Iterator[str]:
    """Yield an analysis as lines."""
    for s in result.publish_steps:
        reusable = " reusable" if s.reusable else ""
        where = f"{s.place.job}[{s.place.step}] line {s.place.line}"
        environment = f" in {s.environment}" if s.environment else ""
        yield f"upload {s.tool} {s.target.value} {s.credential.value} {','.join(s.secrets) or '-'} {where}{environment}{reusable}"
    for r in result.references:
        yield f"reads {r.secret} {r.role} {r.level} {r.target.value} {_short(r.place.path)}:{r.place.line}:{r.place.column}"
    for m in result.may_read:
        yield f"may-read {m.secret or '*'} {_short(m.place.path)}:{m.place.line} {m.expression} | {m.because}"
    for o in result.other_reads:
        yield f"also-reads {o.secret}{' condition' if o.condition else ''} {_short(o.place.path)}:{o.place.line}"
    for p in result.problems:
        yield f"problem {_short(p.path)} {p.because}"
    for f in result.findings:
        yield f"finding {f.severity} {f.identifier} {_short(f.place.path)}:{f.place.line}"
    for path in result.wanted:
        yield f"wanted {path}"


def changed(result: Rewrite) -> Iterator[str]:
    """Yield a rewrite as lines: the difference without context, and the reasons of what was declined."""
    for change in result.changes:
        yield f"change {_short(change.path)}"
        before, after = change.before.decode().splitlines(), change.after.decode().splitlines()
        yield from (
            line for line in difflib.unified_diff(before, after, n=0, lineterm="") if line[:3] not in {"---", "+++"}
        )
    for declined in result.declined:
        yield f"declined {_short(declined.path)}: {declined.because}"


def _short(path: str) -> str:
    return path.removeprefix(".github/").removeprefix("workflows/")


def write(case: Case) -> None:
    """Write a case's lines below `===` anew."""
    path = FOLDER / f"{case.name}.case"
    given = path.read_text(encoding="utf-8").partition("\n===\n")[0].rstrip("\n")
    path.write_text(given + "\n===\n" + "\n".join(outcome(case)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for case_ in cases():
        if case_.name in sys.argv[1:] or sys.argv[1:] == ["all"]:
            write(case_)
