"""`python -m tests.scoreboard [ROW…] [--long] [--jobs N]`: one line a row, exit 1 when one fails or has too few cases."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

from tests.scoreboard.board import ROWS, Row, Score, play


def chosen(names: list[str], *, long: bool) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Return the rows to run and those that are left for the long run. A row that is named runs."""
    known = {row.name for row in ROWS}
    wanted = {name.upper() for name in names}
    if wanted - known:
        sys.exit(
            f"there is no row {', '.join(sorted(wanted - known))}; there are {', '.join(row.name for row in ROWS)}"
        )
    if wanted:
        return tuple(row for row in ROWS if row.name in wanted), ()
    return tuple(row for row in ROWS if long or not row.long), tuple(row for row in ROWS if row.long and not long)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scoreboard", description="What must survive, counted.")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--long", action="store_true", help="also the rows that take minutes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="rows at the same time")
    asked = parser.parse_args()
    rows, left = chosen(asked.rows, long=asked.long)
    began, scores = time.monotonic(), []
    workers = ProcessPoolExecutor(asked.jobs, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    with workers:
        for row, played in [(row, workers.submit(play, row)) for row in rows]:
            try:
                scores.append(played.result())
            except BrokenExecutor:
                scores.append(Score(row, 0, 0.0, 1, ("its process was killed",)))
            tell(scores[-1])
    cases = sum(score.cases for score in scores)
    say(
        f"{len(rows)} rows, {cases:,} cases, {sum(s.violations for s in scores)} violations, {time.monotonic() - began:.0f} s"
    )
    if left:
        say(f"Left for the long run (--long): {', '.join(row.name for row in left)}")
    return 0 if all(score.good for score in scores) else 1


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(score: Score) -> None:
    say(score.line())
    for problem in score.told:
        say("       " + problem.replace("\n", "\n       "))


if __name__ == "__main__":
    sys.exit(main())
