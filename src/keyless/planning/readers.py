"""Who can still read a secret (S3). What cannot be seen counts as "may read it"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keyless.model.reading import Found, Unreadable
from keyless.model.survey import BranchReading, SharedUse
from keyless.model.workflow import Analysis


@dataclass(frozen=True, slots=True)
class Reader:
    """Something that reads a secret, or may. `key` is what an operator types to accept it."""

    key: str
    certain: bool
    says: str


def readers(secret: str, branches: Iterable[BranchReading], shared: Iterable[SharedUse] = ()) -> tuple[Reader, ...]:
    """Return everything that reads `secret` or may, each key once."""
    found: dict[str, Reader] = {}
    for reading in branches:
        for reader in _on_branch(secret, reading):
            found.setdefault(reader.key, reader)
    for use in shared:
        elsewhere = _in_repository(secret, use)
        if elsewhere is not None:
            found.setdefault(elsewhere.key, elsewhere)
    return tuple(found.values())


def _on_branch(secret: str, reading: BranchReading) -> Iterable[Reader]:
    """A branch without workflows (Missing) reads nothing."""
    name, key = reading.branch.name, f"branch:{reading.branch.name}"
    match reading.analysis:
        case Found(analysis):
            yield from _in_analysis(secret, analysis, key, f"branch '{name}'")
        case Unreadable(because=because):
            yield Reader(key, certain=False, says=f"branch '{name}' could not be read: {because}")


def _in_analysis(secret: str, analysis: Analysis, key: str, where: str) -> Iterable[Reader]:
    for reference in analysis.references:
        if reference.secret.upper() == secret.upper():
            yield Reader(key, certain=True, says=f"{where} reads it at {reference.place}")
    for read in analysis.other_reads:
        if read.secret.upper() == secret.upper():
            how = "looks whether it is there" if read.condition else "reads it for something else"
            yield Reader(key, certain=True, says=f"{where} {how} at {read.place}")
    for maybe in analysis.may_read:
        if maybe.secret is None or maybe.secret.upper() == secret.upper():
            yield Reader(key, certain=False, says=f"{where} may read it at {maybe.place}: {maybe.because}")
    for problem in analysis.problems:
        yield Reader(key, certain=False, says=f"{where}: {problem.path} could not be understood: {problem.because}")


def _in_repository(secret: str, use: SharedUse) -> Reader | None:
    if use.secret.upper() != secret.upper():
        return None
    key = f"repository:{use.repository}"
    match use.reads:
        case Found(value=True):
            return Reader(key, certain=True, says=f"{use.repository} still reads it")
        case Unreadable(because=because):
            return Reader(key, certain=False, says=f"{use.repository} could not be read: {because}")
    return None
