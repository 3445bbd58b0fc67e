"""What the journal remembers of a journey. Never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from keyless.model.codec import Json
from keyless.model.github import Repository
from keyless.model.phase import Phase


class JourneyState(Enum):
    """Where a journey stands. WINDOW: migrated, can be rolled back. The last two are ends."""

    MIGRATING = "migrating"
    WINDOW = "window"
    ROLLING_BACK = "rolling-back"
    FINISHING = "finishing"
    ROLLED_BACK = "rolled-back"
    FINISHED = "finished"

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self in (JourneyState.ROLLED_BACK, JourneyState.FINISHED)


@dataclass(frozen=True, slots=True)
class Journey:
    """One repository's way from tokens to trusted publishing. `window_until` (UTC) is set once the window opened."""

    id: str
    repository: Repository
    state: JourneyState
    started_at: datetime
    window_until: datetime | None


class StepState(Enum):
    """INTENDED is durable before an effect; DONE and WAITING are outcomes."""

    INTENDED = "intended"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """The newest record of one step. `evidence` is what its outcome rests on, as JSON without secrets."""

    phase: Phase
    step: str
    state: StepState
    at: datetime
    evidence: Json


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """A backup that the journal knows: where its file is and the sha256 of the bytes that were opened again."""

    id: str
    journey: str
    path: str
    sha256: str
    expires_at: datetime
    shredded_at: datetime | None
