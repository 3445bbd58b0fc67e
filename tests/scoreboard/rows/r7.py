"""R7: random walks of commands, faults, time and outside edits. Whatever was walked through, nothing is lost, and it ends well.

Hypothesis chooses the walks and makes a failing one short. KEYLESS_WALKS says how many; 200 otherwise. They are the same ones
each time, unless KEYLESS_SEED gives a number: so a long run is divided among processes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from keyless.errors import KeylessError
from keyless.journal import Journal
from keyless.model.index import Index
from keyless.model.journey import JourneyState
from keyless.model.realm import Realm
from keyless.rehearsal.browser import PageRefused
from keyless.rehearsal.faults import Fault, FaultKind, clear_faults, set_fault
from keyless.vault import kdf
from tests.crash.instants import instants
from tests.scoreboard.cheap import remembered
from tests.scoreboard.holding import lost, opened
from tests.staging import DAY, Killed, Scene, on_the_way

WALKS = int(os.environ.get("KEYLESS_WALKS", "200"))
SEED = os.environ.get("KEYLESS_SEED", "")
PATH = ".github/workflows/release.yml"
ORIGINAL: list[bytes] = []
STAGES = ("", "proven", "migrated", "rolled-back")
CODES = (2, 3, 4, 10, 11, 12, 13, 14, 20, 75)


def command(name: str, **options: Any) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        try:
            getattr(scene, name)(**options)
        except KeylessError as error:
            if error.exit_code not in CODES or not (error.what and error.hint):
                raise AssertionError(f"{name} ends with {error.exit_code}: {error}") from error
        except PageRefused:
            pass  # an index that says "no such project" again and again leads to a form that its own page then refuses

    return run


def killed(name: str, at: int) -> Callable[[Scene], None]:
    """The command, killed at its instant number `at`."""

    def run(scene: Scene) -> None:
        left = [at]

        def hook(_: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        try:
            with instants(hook):
                command(name)(scene)
        except Killed:
            pass

    return run


def fault(kind: FaultKind, service: str, method: str, skip: int, times: int) -> Callable[[Scene], None]:
    return lambda scene: set_fault(scene.store, Fault(kind, service, method, skip=skip, times=times)) and None


def passing(seconds: float) -> Callable[[Scene], None]:
    return lambda scene: scene.store.advance(seconds)


def comment(scene: Scene) -> None:
    """Somebody else commits something to the workflow."""
    scene.write(PATH, scene.read_file(PATH) + b"# touched\n")


def released(scene: Scene) -> None:
    with contextlib.suppress(KeylessError):
        scene.release(Index.PYPI)


def lifted(scene: Scene) -> None:
    clear_faults(scene.store)


NAMES = ("migrate", "rollback", "finish")
EDITS = (comment, released, lifted)
steps = st.one_of(
    st.sampled_from(NAMES).map(lambda name: (name, command(name))),
    st.just(("migrate --replan", command("migrate", replan=True))),
    st.tuples(st.sampled_from(NAMES), st.integers(1, 50)).map(lambda p: (f"{p[0]} killed at {p[1]}", killed(*p))),
    st.tuples(
        st.sampled_from(FaultKind),
        st.sampled_from(("github", "pypi", "testpypi", "*")),
        st.sampled_from(("*", "GET", "PUT", "POST", "DELETE")),
        st.integers(0, 12),
        st.sampled_from((1, 2, -1)),
    ).map(lambda p: (f"fault {p}", fault(*p))),
    st.sampled_from((60.0, DAY, 13 * DAY)).map(lambda s: (f"{s} seconds pass", passing(s))),
    st.sampled_from(EDITS).map(lambda edit: (edit.__name__, edit)),
)


def cases() -> Iterator[str | None]:
    kdf.derive = remembered(kdf.derive)  # type: ignore[assignment]
    for stage in STAGES[1:]:
        on_the_way("shap-like", stage)
    walked: list[str | None] = []
    with tempfile.TemporaryDirectory() as name:

        @seed(int(SEED or 0))
        @settings(
            max_examples=WALKS,
            deadline=None,
            database=None,
            derandomize=not SEED,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )
        @given(stage=st.sampled_from(STAGES), walk=st.lists(steps, min_size=1, max_size=7))
        def walks(stage: str, walk: list) -> None:
            walked.append(None)
            go(Path(name) / "world", stage, walk)

        try:  # a failure ends the row; its walk is told as short as Hypothesis could make it
            walks()
        except AssertionError as error:
            walked.append(f"{error} {' '.join(getattr(error, '__notes__', []))}")
    yield from walked


def go(folder: Path, stage: str, walk: list) -> None:
    """Walk, looking at S1 and S2 after each step; in the end, in good weather, the way back is open or the end is reached."""
    shutil.rmtree(folder, ignore_errors=True)
    scene = Scene.of("shap-like", folder, stage=stage)
    if not ORIGINAL:
        ORIGINAL.append(original(folder.with_name("fresh")))
    told = [stage or "the beginning"]
    try:
        for name, step in walk:
            told.append(name)
            step(scene)
            scene = reopened(scene, folder)
            problem = lost(scene)
            assert problem is None, problem
        clear_faults(scene.store)
        scene.store.advance(3_700)
        well(scene)
    except AssertionError as error:
        raise AssertionError(f"{error}\n  after: {'; '.join(told)}") from error
    finally:
        scene.close()


def original(folder: Path) -> bytes:
    """The workflow's text before any migration."""
    scene = Scene.of("shap-like", folder)
    try:
        return scene.read_file(PATH)
    finally:
        scene.close()


def reopened(scene: Scene, folder: Path) -> Scene:
    """Each command is a process of its own."""
    scene.close()
    return opened(folder)


def well(scene: Scene) -> None:
    """Whatever state was reached, its own command ends it; nothing is stuck."""
    for _ in range(4):
        with Journal.open(scene.state, Realm.REHEARSAL) as journal:
            journey = journal.newest(scene.repository)
        name = {
            JourneyState.ROLLING_BACK: "rollback",
            JourneyState.FINISHING: "finish",
            JourneyState.MIGRATING: "migrate",
            None: "migrate",
        }.get(journey.state if journey else None)
        if name is None:
            break
        try:
            getattr(scene, name)()
        except KeylessError as error:
            if "=none`" in error.hint:  # a token was revoked on the way to the end: there is nothing left to keep of it
                scene.told |= {"backup": "none", "confirm-no-backup": "shap-like"}
                error_again(scene)
            elif "--replan" in error.hint:
                error_again(scene)
            elif "by hand" in error.hint:  # somebody had edited the workflow: they put its old text back
                scene.write(PATH, ORIGINAL[0])
            elif error.exit_code == 10 and scene.store:
                released(scene)
            else:
                raise AssertionError(f"in good weather {name} ends with {error.exit_code}: {error}") from error
    else:
        raise AssertionError("it does not come to an end in good weather")
    problem = lost(scene)
    assert problem is None, problem


def error_again(scene: Scene) -> None:
    try:
        scene.migrate(replan=True)
    except KeylessError as error:
        raise AssertionError(f"with --replan as told: {error.exit_code}: {error}") from error
