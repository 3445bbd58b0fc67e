"""Print each room's score and the mutants that no test notices and no line of survivors.md explains."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path

from tests.mutation.forks import survivors
from tests.mutation.mutants import mutants

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src" / "keyless"
ROOMS = {
    "vault": ("tests/vault",),
    "tokens": ("tests/tokens",),
    "planning": ("tests/planning",),
    "engine": ("tests/test_engine.py",),
}
BAR = 90.0
"""Percent of all mutants that a test notices, whatever is explained."""


def explained() -> dict[str, str]:
    """Return the survivors that were read, and why each may live."""
    lines = (HERE / "survivors.md").read_text(encoding="utf-8").splitlines()
    matches = [re.fullmatch(r"- (.+?) — (.+)", line) for line in lines]
    return {match[1]: match[2] for match in matches if match}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", default=[], help=f"of {', '.join(ROOMS)}; all unless named")
    parser.add_argument("--only", default="", help="only modules whose path holds this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if strange := set(asked.rooms) - set(ROOMS):
        parser.error(f"there is no room {', '.join(sorted(strange))}; there are {', '.join(ROOMS)}")
    good = [score(room, asked.only, asked.jobs) for room in asked.rooms or ROOMS]
    return 0 if all(good) else 1


def score(room: str, only: str, jobs: int) -> bool:
    place = SOURCE / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    found = [mutant for file in files if only in str(file) for mutant in mutants(file)]
    began = time.monotonic()
    left = {mutant.key: mutant for mutant in survivors(ROOMS[room], found, jobs)}
    known = explained()
    noticed = 100 * (len(found) - len(left)) / len(found)
    new = [key for key in left if key not in known]
    dead = [key for key in known if key in {mutant.key for mutant in found} and key not in left]
    said = f"{len(left)} survive, {len(left) - len(new)} of them explained ({time.monotonic() - began:.0f} s)"
    lines = [f"{room}: {noticed:.1f} % of {len(found)} mutants noticed, {said}"]
    lines += [f"  not explained: {key} (line {left[key].lines.start})" for key in new]
    lines += [f"  explained, but noticed: {key}" for key in dead]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return noticed >= BAR and not new and not dead


if __name__ == "__main__":
    sys.exit(main())
