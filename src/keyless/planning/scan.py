"""What a scan shows of one repository or folder."""

from __future__ import annotations

from dataclasses import dataclass

from keyless.model.survey import StoreReading
from keyless.model.workflow import Analysis
from keyless.planning.candidates import Candidate


@dataclass(frozen=True, slots=True)
class Scan:
    """`stores` and `found` are empty for a folder, which knows nothing of GitHub's stores."""

    name: str
    analysis: Analysis
    stores: tuple[StoreReading, ...]
    found: tuple[Candidate, ...]
