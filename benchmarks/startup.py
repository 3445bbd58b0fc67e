"""How long the small commands take to start and end, as multiples of an interpreter that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.table import Measured
from keyless.journal import Journal
from keyless.model.github import Repository
from keyless.model.journey import JourneyState
from keyless.model.realm import Realm

NOTHING: Final = (sys.executable, "-c", "pass")
KEYLESS: Final = (sys.executable, "-m", "keyless")
BARS: Final[Mapping[str, float]] = {"--version": 6, "--help": 12, "status": 12}


def startup(rounds: int) -> list[Measured]:
    """Start each command `rounds` times, in turns, so that a busy moment of the machine hits all alike.

    The fastest start of each counts: whatever else runs on the machine can only slow one down.
    """
    started = {"nothing": NOTHING} | {name: (*KEYLESS, name) for name in BARS}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "state"
        _open_journey(home / Realm.REAL.value)
        environment = {**os.environ, "KEYLESS_HOME": str(home)}
        for command in started.values():
            _seconds(command, environment)
        taken: dict[str, list[float]] = {name: [] for name in started}
        for _ in range(rounds):
            for name, command in started.items():
                taken[name].append(_seconds(command, environment))
    base = min(taken["nothing"])
    return [
        Measured("python -c pass", base * 1000, "ms"),
        *(Measured(f"keyless {name}", min(taken[name]) / base, "times python -c pass", BARS[name]) for name in BARS),
    ]


def _open_journey(state: Path) -> None:
    """Leave what `keyless status` reads in daily life: a migration whose window is open."""
    state.mkdir(mode=0o700, parents=True)
    now = datetime.now(UTC)
    with Journal.open(state, Realm.REAL) as journal:
        journey = journal.begin(Repository("owner", "name"), now)
        journal.set_state(journey.id, JourneyState.WINDOW, now, now + timedelta(days=14))


def _seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
