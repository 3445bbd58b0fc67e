"""Which command a plan belongs to. Apart from the plan, because the journal's reader needs no more than this."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """Which command a plan belongs to."""

    MIGRATE = "migrate"
    ROLLBACK = "rollback"
    FINISH = "finish"
