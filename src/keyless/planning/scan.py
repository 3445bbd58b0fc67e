"""What a scan found in one repository or folder, and what of it cannot stay so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keyless.model.github import Repository
from keyless.model.reading import Reading, Unreadable
from keyless.model.workflow import Analysis
from keyless.planning.forecast import Forecast
from keyless.planning.uploads import with_token

if TYPE_CHECKING:  # a folder has no stores, and the start of its scan is measured
    from keyless.model.survey import StoreReading
    from keyless.planning.candidates import Candidate

GRAVE: Final = ("error", "warning")
"""The severities that count when a scan is strict."""


@dataclass(frozen=True, slots=True)
class Scan:
    """`stores` and `found` are empty for a folder, which knows nothing of GitHub's stores.

    `repository` is None, and `forecasts` are empty, for a folder whose repository cannot be told.
    """

    name: str
    repository: Repository | None
    analysis: Analysis
    stores: tuple[StoreReading, ...] = ()
    found: tuple[Candidate, ...] = ()
    forecasts: tuple[Forecast, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerScan:
    """The scans of an owner's repositories, by full name; what could not be read says why in its place."""

    owner: str
    scans: tuple[tuple[str, Reading[Scan]], ...]


def attention(scan: Scan) -> Iterator[str]:
    """Yield what makes a strict scan fail, each as a number and a noun; nothing when all is well.

    That is: findings that are errors or warnings, uploads that take a token or may, secrets left in stores that speak
    of PyPI, what could not be read, and a publisher that was typed and fits no upload.
    """
    for severity in GRAVE:
        yield from _counted(sum(f.severity == severity for f in scan.analysis.findings), severity)
    yield from _counted(
        len(with_token(scan.analysis)), "upload that takes a token, or may", "uploads that take a token, or may"
    )
    yield from _counted(len(scan.found), "secret that speaks of PyPI", "secrets that speak of PyPI")
    unread = sum(isinstance(reading.entries, Unreadable) for reading in scan.stores)
    yield from _counted(
        len(scan.analysis.problems), "file that is no valid workflow", "files that are no valid workflows"
    )
    yield from _counted(unread, "store that could not be read", "stores that could not be read")
    if scan.forecasts and all(one.refused for one in scan.forecasts):
        yield "no upload fits the publisher as it was typed"


def _counted(number: int, one: str, several: str = "") -> Iterator[str]:
    if number:
        yield f"{number} {one if number == 1 else several or f'{one}s'}"
