"""A reason while judging: beside what is said of it, whether it leaves no room for any grade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keyless.model.proof import Reason

FOR, AGAINST, UNKNOWN = "for", "against", "unknown"

SKEW: Final = timedelta(minutes=5)
"""How far the clocks of the index, the log and GitHub may disagree where only an impossibility is looked for."""

TICK: Final = timedelta(seconds=5)
"""How far a step's times, which GitHub cuts to seconds, may miss an upload that happened inside it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason. `unread`: a fact that is needed could not be read, so no grade rests on the files' provenance."""

    reason: Reason
    unread: bool = False


def holds(identifier: str, message: str) -> Finding:
    """A fact that speaks for the proof."""
    return Finding(Reason(identifier, FOR, message))


def contradicts(identifier: str, message: str, raises: str = "") -> Finding:
    """A fact that speaks against it: no grade survives one."""
    return Finding(Reason(identifier, AGAINST, message, raises))


def unread(identifier: str, message: str, raises: str = "") -> Finding:
    """A fact that is needed and could not be read (S11): it is neither for nor against, and it blocks."""
    return Finding(Reason(identifier, UNKNOWN, message, raises), unread=True)


def open_question(identifier: str, message: str, raises: str = "") -> Finding:
    """Something that was read and settles nothing by itself."""
    return Finding(Reason(identifier, UNKNOWN, message, raises))


def contradicted(findings: Iterable[Finding]) -> bool:
    """Whether anything speaks against."""
    return any(finding.reason.side == AGAINST for finding in findings)


def is_before(moment: datetime, after: datetime | None) -> bool:
    """Whether `moment` lies before `after`, to the second, as the services write times."""
    return after is not None and moment < after.replace(microsecond=0)


def clock(moment: datetime) -> str:
    """Return a time as the messages write it."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
