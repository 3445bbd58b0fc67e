"""R1: a real process is killed with SIGKILL around every step; the services live in another process; then the plain command.

A run in this process prepares the folders: each is as it was just before a step. So a case costs a server, a process
that is killed, and the one that ends it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from keyless.rehearsal.snapshot import Snapshot
from keyless.vault import kdf
from tests.crash.instants import killed_everywhere
from tests.crash.killer import PLACES
from tests.e2e.served import PASSPHRASE, Served, read, token_flags
from tests.scoreboard.cheap import remembered
from tests.scoreboard.holding import lost, opened, wrong_end
from tests.staging import Scene

WORLDS = ("shap-like", "two-libraries")
MOST = 14
PHRASE = "--passphrase-from=env:KEYLESS_PASSPHRASE"


@dataclass(frozen=True)
class Case:
    world: str
    command: str
    step: str
    place: str
    folder: Path
    before: Snapshot

    def __str__(self) -> str:
        return f"{self.world}: {self.command} killed {self.place} of {self.step}"


def cases() -> Iterator[str | None]:
    kdf.derive = remembered(kdf.derive)  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as workers:
        for world in WORLDS:
            prepared = list(prepare(world, Path(name) / world))
            yield from workers.map(judged, prepared)


def prepare(world: str, root: Path) -> Iterator[Case]:
    """Yield every case of a world, each with a folder of its own."""
    scene = Scene.of(world, root / "world")
    before = scene.snapshot()
    number = 0
    for command in ("migrate", "rollback"):
        job = getattr(scene, command)
        left, _ = killed_everywhere(scene.folder, job, root / command)
        starts: dict[str, Path] = {}
        for instant, folder in left:
            kind, _, step = instant.partition(" of ")
            if kind in ("before the intent", "before the outcome"):
                starts.setdefault(step, folder)  # a step that never acts has an outcome only
        for step, folder in starts.items():
            for place in PLACES:
                number += 1
                copy = root / str(number)
                shutil.copytree(folder, copy)
                yield Case(world, command, step, place, copy, before)
    scene.close()


def judged(case: Case) -> str | None:
    """Kill, look, go on, look again."""
    try:
        problem = ended(case)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        problem = f"{type(error).__name__}: {str(error)[:1500]}"
    shutil.rmtree(case.folder, ignore_errors=True)
    return None if problem is None else f"{case}: {problem}"


def ended(case: Case) -> str | None:
    served = Served(case.folder, case.world).start()
    try:
        arguments = [case.command, served.repository, "--yes", PHRASE]
        if case.command == "migrate":
            arguments += ["--backup=token", "--token-is=shown", *token_flags(served)]
        if not killed(served, case, arguments):
            return None if acts_not(case) else "it was never killed"
        problem = looked(case)
        if problem is not None:
            return f"at once: {problem}"
        served.until_done(*arguments, most=MOST)
    finally:
        served.stop()
    return looked(case, at_end=True)


def killed(served: Served, case: Case, arguments: list[str]) -> bool:
    """Run it with the trap set, doing what it waits for, until it is killed; False when it ended without."""
    trap = [
        sys.executable,
        "-m",
        "tests.crash.killer",
        case.place,
        case.step,
        "--rehearsal",
        str(case.folder),
        "--json",
    ]
    for _ in range(MOST):
        done = subprocess.run(
            [*trap, *arguments],
            env={**served.environment(), "KEYLESS_PASSPHRASE": PASSPHRASE},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        ran = read(done.returncode, done.stdout, done.stderr)
        if ran.code == -9:
            served.act(ran)  # a person saw what was said before it died
            return True
        if ran.code == 0:
            return False
        assert ran.code in (10, 75), ran.raw
        assert served.act(ran), ran.raw
    raise AssertionError("it neither ended nor was killed")


def acts_not(case: Case) -> bool:
    """A step that only looks has no intent and no effect to be killed at."""
    return case.place in ("after-intent", "after-effect")


def looked(case: Case, *, at_end: bool = False) -> str | None:
    scene = opened(case.folder)
    try:
        return wrong_end(scene, case.command, case.before) if at_end else lost(scene)
    finally:
        scene.close()
