"""`python -m benchmarks`: every number that is promised, measured in one run beside what it is compared with."""

from __future__ import annotations

import argparse
import sys

from benchmarks.journey import rehearsal, requests_of_a_migration
from benchmarks.startup import startup
from benchmarks.table import Measured, show
from benchmarks.verification import verification

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often each command is started (default: 20)")
    rounds = parser.parse_args().rounds
    # Verification first: its memory is the process's, and what comes later would count too.
    measured: list[Measured] = [
        *verification(),
        *startup(rounds),
        *rehearsal(),
        *requests_of_a_migration(),
    ]
    show(measured)
    sys.exit(any(row.missed for row in measured))
