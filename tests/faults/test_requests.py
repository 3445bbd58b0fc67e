"""R4 in this process: a fault at every single request of keyless, of every kind, once, twice and for ever.

Whatever happens, the run ends in an error with a documented code; with the fault gone the same command ends well, no
token was lost at any time (S1), and the way back gives back what was there (S4).
"""

from __future__ import annotations

import functools
import itertools
import random
import shutil
import tempfile
from pathlib import Path

import httpx
import pytest

from keyless.errors import KeylessError
from keyless.rehearsal.faults import FOR_EVER, Fault, FaultKind, clear_faults, set_fault
from keyless.rehearsal.snapshot import Snapshot
from tests.staging import Scene

CODES = frozenset({2, 4, 10, 12, 13, 14, 75})
WORLD = "shap-like"
SERVICES = {"api.github.rehearsal": "github", "pypi.rehearsal": "pypi", "test.pypi.rehearsal": "testpypi"}
STAGES = {"proven": "migrate", "migrated": "rollback", "": "migrate", "finish": "finish"}
KINDS = tuple(FaultKind)
TIMES = (1, 2, FOR_EVER)


class Tripwire(httpx.AsyncBaseTransport):
    """Counts requests, and sets a fault for the one with a given number; for ever means that very address."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, play: Scene, number: int, kind: FaultKind | None, times: int
    ) -> None:
        self._inner, self._play, self._kind, self._times = inner, play, kind, times
        self._left = number

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        play = self._play
        play.asked += 1
        self._left -= 1
        if self._left == 0 and self._kind is not None:
            service = SERVICES[request.url.host]
            set_fault(play.store, Fault(self._kind, service, request.method, request.url.path, times=self._times))
        return await self._inner.handle_async_request(request)


class Counted(Scene):
    """A scene that counts keyless's requests."""

    asked = 0


def opened(folder: Path, stage: str) -> Counted:
    return Counted.of(WORLD, folder, stage="migrated" if stage == "finish" else stage)


@functools.cache
def before() -> Snapshot:
    play = Scene.of(WORLD, Path(tempfile.mkdtemp()) / "w")
    try:
        return play.snapshot()
    finally:
        play.close()


@functools.cache
def requests_of(stage: str) -> int:
    """How many requests the command sends when nothing goes wrong."""
    folder = Path(tempfile.mkdtemp())
    play = opened(folder / "w", stage)
    try:
        play.between = lambda inner: Tripwire(inner, play, 0, None, 0)
        getattr(play, STAGES[stage])()
        return play.asked
    finally:
        play.close()
        shutil.rmtree(folder)


def suffer(folder: Path, stage: str, number: int, kind: FaultKind, times: int) -> KeylessError | None:
    """Run the stage's command with one fault, judge its end, and end it well with the fault gone."""
    play = opened(folder, stage)
    try:
        play.between = lambda inner: Tripwire(inner, play, number, kind, times)
        command, error = getattr(play, STAGES[stage]), None
        try:
            command()
        except KeylessError as met:
            error = met
        assert error is None or error.exit_code in CODES, error
        assert error is None or error.hint, f"what to do after: {error}"
        gone = before().names() - play.names()
        assert not gone or play.backups() or stage == "finish", "S1"
        clear_faults(play.store)
        play.store.advance(3_700)
        play.between = None
        again(play, STAGES[stage], error)
        if stage == "finish":
            assert play.backups() == []
            return error
        if stage != "migrated":
            assert play.names() == set()
            play.rollback()
        assert play.snapshot() == before()
        return error
    finally:
        play.close()


def again(play: Scene, command: str, error: KeylessError | None) -> None:
    """The same command, with --replan where the error asked for it."""
    options = {"replan": True} if error is not None and "--replan" in error.hint else {}
    getattr(play, command)(**options)


def everything() -> list[tuple[str, int, FaultKind, int]]:
    return [
        (stage, number, kind, times)
        for stage in STAGES
        for number in range(1, requests_of(stage) + 1)
        for kind, times in itertools.product(KINDS, TIMES)
    ]


def sample(size: int, seed: int = 4) -> list[tuple[str, int, FaultKind, int]]:
    """Every kind at least once, every stage, spread over the requests; the same ones each time."""
    chosen = random.Random(seed)
    kinds = itertools.cycle(KINDS)
    stages = itertools.cycle(["proven", "migrated", "proven", "finish", ""])
    cases = []
    for _ in range(size):
        stage = next(stages)
        cases.append((stage, chosen.randint(1, requests_of(stage)), next(kinds), chosen.choice(TIMES)))
    return cases


@pytest.mark.parametrize("part", range(4))
def test_a_fault_at_any_request_ends_in_a_documented_code_and_loses_nothing(tmp_path: Path, part: int) -> None:
    for number, case in enumerate(sample(26)[part::4]):
        try:
            suffer(tmp_path / str(number), *case)
        except BaseException as broke:
            broke.add_note(f"case: {case}")
            raise


@pytest.mark.long
@pytest.mark.parametrize("part", range(16))
def test_every_fault_at_every_request(tmp_path: Path, part: int) -> None:
    for number, case in enumerate(everything()[part::16]):
        folder = tmp_path / str(number)
        try:
            suffer(folder, *case)
        except BaseException as broke:
            broke.add_note(f"case: {case}")
            raise
        shutil.rmtree(folder)
