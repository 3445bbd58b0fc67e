"""`python -m tests.coverage_bar [ROOM…]`: every branch of these rooms is taken by tests of their own; exit 1 when not.

Each room is measured alone, in this kind of process only: what a child process of a test comes past does not count.
Nothing can be left out: pyproject.toml lets coverage ignore what only a type checker reads, and no comment.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = {
    "cli": (
        "tests/cli",
        "tests/rehearsal/test_command.py",
        "tests/journeys/test_verify_explain.py",
        "tests/journeys/test_verify_kept.py",
    ),
    "secret": ("tests/test_secret.py",),
    "tokens": ("tests/tokens",),
    "planning": ("tests/planning",),
    "proofs": ("tests/proofs",),
    "vault": ("tests/vault",),
    "journal": ("tests/journal",),
    "engine": ("tests/test_engine.py",),
}


def measure(room: str) -> tuple[bool, str]:
    """Run a room's tests under coverage. Return whether every branch was taken, and what to say."""
    place = f"src/keyless/{room}"
    include = f"{place}/*" if (ROOT / place).is_dir() else f"{place}.py"
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COVERAGE_FILE": str(Path(folder, "data"))}

        def coverage(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "coverage", *arguments]
            return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

        ran = coverage("run", "-m", "pytest", "-q", "-p", "no:cacheprovider", *ROOMS[room])
        if ran.returncode != 0:
            return False, f"{room:<9}FAIL  its tests fail\n{ran.stdout[-2000:]}{ran.stderr[-500:]}"
        report = coverage("report", "-m", "--skip-covered", "--fail-under=100", f"--include={include}")
    good = report.returncode == 0
    total = next((line.split()[-1] for line in report.stdout.splitlines() if line.startswith("TOTAL")), "none")
    said = f"{room:<9}{'ok  ' if good else 'FAIL'}  {total:>4} of its branches  {time.monotonic() - began:>5.0f} s"
    return good, said if good else f"{said}\n{report.stdout}{report.stderr}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.coverage_bar", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all unless named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="rooms at the same time")
    asked = parser.parse_args()
    if strange := set(asked.rooms) - set(ROOMS):
        parser.error(f"there is no room {', '.join(sorted(strange))}; there are {', '.join(ROOMS)}")
    good = True
    with ThreadPoolExecutor(asked.jobs) as workers:
        for held, said in workers.map(measure, asked.rooms or ROOMS):
            good = good and held
            sys.stdout.write(said + "\n")
            sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
