"""R2: killed at every instant, and killed again at every instant of the recovery; then the plain command ends it well."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keyless.errors import KeylessError
from keyless.rehearsal.snapshot import Snapshot
from keyless.vault import kdf
from tests.crash.instants import killed_everywhere
from tests.scoreboard.cheap import remembered
from tests.scoreboard.holding import lost, opened, wrong_end
from tests.staging import DAY, Scene

WORLDS = ("shap-like", "organisation")
PAIRS = (("migrate", "migrate"), ("migrate", "rollback"), ("rollback", "rollback"), ("finish", "finish"))
AGAIN = 7
"""Every so many-th well ended case runs its command once more (S5)."""


def cases() -> Iterator[str | None]:
    kdf.derive = remembered(kdf.derive)  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name:
        for world in WORLDS:
            root = Path(name) / world
            root.mkdir()
            yield from of_world(world, root)
            shutil.rmtree(root)


def of_world(world: str, root: Path) -> Iterator[str | None]:
    """All pairs of kills in one world."""
    scene = Scene.of(world, root / "start")
    before = scene.snapshot()
    scene.close()
    starts = {"migrate": root / "start", "rollback": root / "migrated", "finish": root / "later"}
    shutil.copytree(starts["migrate"], starts["rollback"])
    migrated = opened(starts["rollback"])
    migrated.migrate()
    migrated.close()
    shutil.copytree(starts["rollback"], starts["finish"])
    later = opened(starts["finish"])
    later.store.advance(10 * DAY)
    later.close()
    for first, second in PAIRS:
        firsts, _ = run(starts[first], first, root / "first")
        for instant, folder in firsts:
            for problem in recovered(folder, second, before, root / "second"):
                yield None if problem is None else f"{world}: {first} killed {instant}; {problem}"
        shutil.rmtree(root / "first")


def run(start: Path, command: str, into: Path) -> tuple[list[tuple[str, Path]], str]:
    """Run a command in a copy of `start`; return what each kill would leave, and "" or the error that ended the run."""
    shutil.rmtree(into, ignore_errors=True)
    work = into.with_name(f"{into.name}-work")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(start, work)
    scene = opened(work)
    scene.told["delivery"] = "pull-request"

    def job() -> str:
        try:
            getattr(scene, command)()
        except KeylessError as error:
            return f"{type(error).__name__}: {error}"
        return ""

    try:
        left, said = killed_everywhere(work, job, into)
    finally:
        scene.close()
    return left, str(said)


_count = itertools.count()


def recovered(folder: Path, command: str, before: Snapshot, into: Path) -> Iterator[str | None]:
    """Kill the recovery at each of its instants, and end each with the plain command."""
    seconds, said = run(folder, command, into)
    if said and not untouched(said):
        yield f"{command} afterwards ends with {said}"
    for instant, place in seconds:
        problem = ended(place, command, before)
        yield None if problem is None else f"{command} killed {instant}; {problem}"
        shutil.rmtree(place)


def untouched(said: str) -> bool:
    """Whether a run rightly had nothing to do: a migration that was killed before it had a plan cannot be undone."""
    return "changed nothing yet" in said or "knows of no migration" in said


def ended(place: Path, command: str, before: Snapshot) -> str | None:
    """S1, S2 and S9 at the instant of the kill; then the plain command, and where it has to lead."""
    scene = opened(place)
    try:
        problem = lost(scene)
        if problem is not None:
            return f"at once: {problem}"
        getattr(scene, command)()
        problem = wrong_end(scene, command, before)
        if problem is None and next(_count) % AGAIN == 0:
            reached = scene.snapshot()
            getattr(scene, command)()
            problem = wrong_end(scene, command, before) or (
                None if scene.snapshot() == reached else "S5: running it again changed something"
            )
    except KeylessError as error:
        return f"the plain command ends with {type(error).__name__}: {error}"
    finally:
        scene.close()
    return problem
