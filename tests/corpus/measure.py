"""Measure the room `workflows` on the fetched files: `python -m tests.corpus.measure FETCHED --half report [--each]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from keyless.model.github import SourceFile
from keyless.model.index import Index
from keyless.model.workflow import Analysis, Credential, FileChange, Target
from keyless.workflows import analyse, rewrite
from tests.corpus.faults import faults, lines_changed
from tests.corpus.fetch import Entry, entries

ENVIRONMENTS = {"none": {}, "pypi": {Index.PYPI: "pypi", Index.TESTPYPI: "testpypi"}}
_ROUNDS = 4


@dataclass(slots=True)
class Outcome:
    """What keyless says of one entry."""

    entry: Entry
    secrets: frozenset[str]
    indexes: frozenset[str]
    reported: bool
    may_read: bool
    change: FileChange | None
    declined: str
    faults: list[str] = field(default_factory=list)
    lines: int = 0
    harmed: list[str] = field(default_factory=list)

    @property
    def index(self) -> str | None:
        """The indexes as one word, as the labels say it."""
        if not self.indexes:
            return None
        return "both" if {"pypi", "testpypi"} <= self.indexes else min(self.indexes)


def sources(folder: Path) -> list[SourceFile]:
    """Return the workflows and actions of a commit."""
    found = [*folder.glob(".github/workflows/*.y*ml"), *folder.rglob("action.y*ml")]
    return [SourceFile(str(p.relative_to(folder)), p.read_bytes()) for p in sorted(set(found)) if p.is_file()]


def look(folder: Path) -> tuple[list[SourceFile], Analysis]:
    """Return a commit's files with the scripts that its workflows run, and their analysis."""
    given = sources(folder)
    for _ in range(_ROUNDS):
        result = analyse(given)
        known = {file.path for file in given}
        more = [path for path in result.wanted if path not in known and (folder / path).is_file()]
        if not more:
            break
        given += [SourceFile(path, (folder / path).read_bytes()) for path in more]
    return given, result


def measured(entry: Entry, given: list[SourceFile], result: Analysis, environments: dict) -> Outcome:
    """Return what keyless says of one file, among the files of its commit."""
    paths = {entry.path, *_called(entry.path, given)}
    steps = [s for s in result.publish_steps if s.place.path in paths and s.target is not Target.OTHER]
    steps = [s for s in steps if s.credential in (Credential.TOKEN, Credential.BOTH)]
    read = [r for r in result.references if r.place.path in paths and r.target is not Target.OTHER]
    changes = rewrite(given, environments)
    change = next((c for c in changes.changes if c.path == entry.path), None)
    outcome = Outcome(
        entry,
        frozenset(r.secret for r in read) | frozenset(name for s in steps for name in s.secrets),
        frozenset(s.target.value for s in steps) | frozenset(r.target.value for r in read),
        bool(steps or read),
        any(m.place.path == entry.path for m in result.may_read),
        change,
        next((d.because for d in changes.declined if d.path == entry.path), ""),
    )
    if change is not None:
        outcome.faults = faults(change.before, change.after)
        outcome.lines, outcome.harmed = lines_changed(change.before, change.after)
    return outcome


def _called(path: str, given: Iterable[SourceFile]) -> set[str]:
    """Return the local workflows that a workflow calls and, somewhere, hands secrets to."""
    texts = {file.path: file.content.decode("utf-8", "replace") for file in given}
    found, waiting = set[str](), [path]
    while waiting:
        text = texts.get(waiting.pop(), "")
        if "secrets:" not in text:
            continue
        for other in texts:
            if f"./{other}" in text and other not in found and other.startswith(".github/workflows/"):
                found.add(other)
                waiting.append(other)
    return found


def outcomes(fetched: Path, half: str, environments: dict) -> list[Outcome]:
    """Measure every entry of one half whose files are there."""
    done: list[Outcome] = []
    looks: dict[Path, tuple[list[SourceFile], Analysis]] = {}
    for entry in entries():
        folder = entry.folder(fetched)
        if half in (entry.half, "all") and folder.is_dir() and entry.uses is not None:
            if folder not in looks:
                looks[folder] = look(folder)
            done.append(measured(entry, *looks[folder], environments))
    return done


def table(done: list[Outcome]) -> list[str]:
    """Return the table of the numbers, each with its denominator."""
    users = [o for o in done if o.entry.uses]
    none = [o for o in done if not o.entry.uses]
    found = [o for o in users if o.reported]
    plain = [o for o in users if o.entry.plain]
    changed = [o for o in done if o.change is not None]
    rewritten = [o for o in changed if o.entry.plain]
    return [
        f"files {len(done)}, repositories {len({o.entry.repository for o in done})}",
        _row("found, of those that use a PyPI credential", len(found), len(users)),
        _row("reported, of those that use none", sum(o.reported for o in none), len(none)),
        _row(
            "exact set of secrets, of those that use one", sum(o.secrets == o.entry.secrets for o in users), len(users)
        ),
        _row("index, of those that use one", sum(o.index == o.entry.index for o in users), len(users)),
        _row("rewritten, of the plain", len(rewritten), len(plain)),
        _row("with a known fault, of the rewritten", sum(bool(o.faults) for o in changed), len(changed)),
        f"changed lines of the rewritten: median {median([o.lines for o in rewritten] or [0])}, most {max([o.lines for o in rewritten] or [0])}",
        _row("with harmed lines, of the rewritten", sum(bool(o.harmed) for o in changed), len(changed)),
    ]


def _row(name: str, count: int, total: int) -> str:
    return f"{name}: {count}/{total} = {100 * count / max(total, 1):.1f} %"


def each(done: list[Outcome]) -> list[str]:
    """Return a line for each entry that is not as its label says."""
    lines = []
    for o in done:
        name = f"{o.entry.repository} {o.entry.path} {o.entry.commit[:8]}"
        if o.entry.uses and not o.reported:
            lines.append(f"MISS {name} {sorted(o.entry.secrets)} may_read={o.may_read}")
        elif not o.entry.uses and o.reported:
            lines.append(f"FALSE {name} {sorted(o.secrets)}")
        elif o.secrets != o.entry.secrets:
            lines.append(f"SET {name} label {sorted(o.entry.secrets)} keyless {sorted(o.secrets)}")
        if o.entry.uses and o.reported and o.index != o.entry.index:
            lines.append(f"INDEX {name} label {o.entry.index} keyless {sorted(o.indexes)}")
        if o.entry.plain and o.change is None:
            lines.append(f"DECLINED {name}: {o.declined}")
        lines += [f"FAULT {name}: {fault}" for fault in o.faults]
        lines += [f"HARMED {name}: {line}" for line in o.harmed[:3]]
    return lines


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("fetched", type=Path)
    parser.add_argument("--half", choices=["develop", "looked-at", "report", "all"], default="report")
    parser.add_argument("--environments", choices=list(ENVIRONMENTS), default="pypi")
    parser.add_argument("--each", action="store_true")
    given = parser.parse_args()
    done = outcomes(given.fetched, given.half, ENVIRONMENTS[given.environments])
    sys.stdout.write("\n".join([*table(done), *(each(done) if given.each else ()), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
