"""Waiting for a release: politely, through Ctrl-C, for as long as was said, and no longer."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keyless.errors import NotProven, TryLater, UsageError
from keyless.journeys.desk import Desk
from keyless.journeys.wait import FIRST, LONGEST, Awaited, wait
from keyless.model.index import Index
from keyless.model.plan import ProveRelease
from keyless.model.proof import Grade
from keyless.rehearsal.faults import Fault, FaultKind, clear_faults, set_fault
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.services import Services
from keyless.services.ports import Clock
from tests.staging import Scene

WEEK = timedelta(days=7)


@dataclass
class Sleeper(Clock):
    """The world's clock; things happen in the world at the n-th time that somebody waits."""

    inner: Clock
    at: dict[int, Callable[[], Any]]
    pauses: list[float]

    def now(self) -> Any:
        return self.inner.now()

    def saw(self, moment: Any, source: str = "") -> None:
        """Nothing."""

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await self.inner.sleep(seconds)
        happens = self.at.pop(len(self.pauses), None)
        made = happens() if happens else None
        if asyncio.iscoroutine(made):
            await made


class Bench:
    """A migrated world whose next release is awaited."""

    def __init__(self, play: Scene) -> None:
        self.play = play
        self.step = next(s for s in play.plan().steps if isinstance(s, ProveRelease) and s.index is Index.PYPI)
        self.awaited = Awaited(Index.PYPI, self.step.project, None, self.step.publisher)
        self.pauses: list[float] = []
        self.answers: list[tuple[str, int, int]] = []

    def wait(self, patience: timedelta = WEEK, *, at: dict[int, Callable[[], Any]] | None = None, **change: Any) -> Any:
        async def go(desk: Desk) -> Any:
            async def note(answer: Any) -> None:
                await answer.aread()
                self.answers.append((answer.request.url.path, answer.status_code, len(answer.content)))

            desk.indexes[Index.PYPI].wire.http.event_hooks["response"].append(note)
            clock = Sleeper(desk.clock, dict(at or {}), self.pauses)
            return await wait(replace(desk, clock=clock), replace(self.awaited, **change), patience)

        return self.play.work(go)

    async def release(self) -> None:
        await self.play.person.release(self.play.repository, Index.PYPI)

    def by_hand(self) -> None:
        """Somebody uploads with a token."""
        artefact = index_state.wheel(self.step.project, "9.0", "by hand")
        user = self.play.world.operator
        index_state.publish_file(self.play.store, Index.PYPI, self.step.project, artefact, user=user)

    def records(self) -> list[Any]:
        return sorted((self.play.state / "waiting").glob("*.json"))


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a world after its migration; each test has a copy."""
    folder = tmp_path_factory.mktemp("migrated") / "world"
    play = Scene.of("shap-like", folder)
    play.migrate()
    play.close()
    return folder


@pytest.fixture
def bench(migrated: Path, tmp_path: Path) -> Iterator[Bench]:
    shutil.copytree(migrated, tmp_path / "world")
    play = Scene(tmp_path / "world", Services.open(tmp_path / "world"))
    yield Bench(play)
    play.close()


def test_the_next_release_ends_it_with_its_proof_after_two_looks(bench: Bench) -> None:
    found = bench.wait(at={3: bench.release})
    assert found.judgement.grade is Grade.ATTESTED
    assert bench.pauses[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert len(bench.pauses) == 4, "the files arrive one by one: it is looked at twice"
    assert bench.records() == []


def test_looks_become_rarer_and_cost_a_304_without_bytes(bench: Bench) -> None:
    with pytest.raises(TryLater):
        bench.wait(timedelta(hours=1))
    assert bench.pauses[5:-1] == [LONGEST] * (len(bench.pauses) - 6)
    assert Counter(status for _, status, _ in bench.answers) == {200: 1, 304: len(bench.answers) - 1}
    assert {size for _, status, size in bench.answers if status == 304} == {0}
    assert {path for path, _, _ in bench.answers} == {f"/simple/{bench.step.project}/"}


def test_a_week_of_waiting_is_at_most_one_look_in_five_minutes_and_a_word_in_an_hour(bench: Bench) -> None:
    with pytest.raises(TryLater, match="No release"):
        bench.wait(timedelta(hours=6))
    assert len(bench.answers) <= 6 * 12 + 10
    notes = [line for line in bench.play.heard.said if line.startswith("Nothing new")]
    assert 4 <= len(notes) <= 6
    assert bench.records() == []


def test_ctrl_c_and_the_same_command_goes_on_and_overlooks_nothing(bench: Bench) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.wait(at={2: stop})
    assert len(bench.records()) == 1
    bench.play.store.advance(3 * 86_400)
    asyncio.run(bench.release())
    assert bench.wait().judgement.grade is Grade.ATTESTED
    assert bench.records() == []


def test_the_deadline_counts_from_when_the_waiting_began_first(bench: Bench) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.wait(at={1: stop})
    bench.play.store.advance(8 * 86_400)
    with pytest.raises(TryLater):
        bench.wait()
    assert len(bench.pauses) == 1


def test_a_release_that_came_while_the_machine_slept_past_the_deadline_is_not_overlooked(bench: Bench) -> None:
    async def sleep_on() -> None:
        await bench.release()
        bench.play.store.advance(8 * 86_400)

    assert bench.wait(at={2: sleep_on}).judgement.grade is Grade.ATTESTED
    assert bench.records() == []


def test_a_release_that_cannot_be_judged_at_the_deadline_is_kept_for_the_next_start(bench: Bench) -> None:
    """What came counts as awaited still: a waiting that began anew would take it for one of before."""

    async def sleep_on() -> None:
        await bench.release()
        bench.play.store.advance(8 * 86_400)
        set_fault(bench.play.store, Fault(FaultKind.UNAVAILABLE, "pypi", "GET", "/integrity/*", -1))

    with pytest.raises(TryLater, match="could not be judged"):
        bench.wait(at={2: sleep_on})
    assert len(bench.records()) == 1
    clear_faults(bench.play.store)
    assert bench.wait().judgement.grade is Grade.ATTESTED
    assert bench.records() == []


def test_a_release_that_is_no_proof_ends_it_and_the_next_wait_is_for_the_one_after(bench: Bench) -> None:
    with pytest.raises(NotProven) as no:
        bench.wait(at={1: bench.by_hand})
    assert "9.0" in no.value.what
    assert len(bench.records()) == 1
    with pytest.raises(TryLater):
        bench.wait(timedelta(hours=1))


def test_a_file_by_hand_between_the_two_looks_is_seen(bench: Bench) -> None:
    """The wheel that the workflow uploaded is proven; what came a moment later beside it is not."""

    def beside() -> None:
        name = bench.step.project
        newest = max(index_state.files(bench.play.store, Index.PYPI, name), key=lambda row: row["uploaded_at"])
        wheel = index_state.wheel(name, newest["version"], "by hand")
        other = (wheel[0].replace("py3-none-any", "py2-none-any"), wheel[1])
        index_state.publish_file(bench.play.store, Index.PYPI, name, other, user=bench.play.world.operator)

    with pytest.raises(NotProven) as no:
        bench.wait(at={1: bench.release, 2: beside})
    assert "something else uploaded it" in no.value.what


def test_what_was_there_before_does_not_count_unless_it_is_asked_for(bench: Bench) -> None:
    with pytest.raises(TryLater):
        bench.wait(timedelta(minutes=10))
    version = bench.play.work(lambda desk: desk.indexes[Index.PYPI].versions(bench.step.project)).value[0].version
    assert bench.wait(version=version).judgement.version == version
    early = bench.play.store.now() - timedelta(days=30)
    assert bench.wait(after=early).judgement.version == version
    with pytest.raises(TryLater):
        bench.wait(timedelta(minutes=10), after=bench.play.store.now())


def test_an_index_that_is_down_for_a_while_is_asked_again(bench: Bench) -> None:
    store = bench.play.store

    def down() -> None:
        set_fault(store, Fault(FaultKind.UNAVAILABLE, "pypi", "GET", "/simple/*", -1))

    async def up() -> None:
        clear_faults(store)
        await bench.release()

    assert bench.wait(at={1: down, 4: up}).judgement.grade is Grade.ATTESTED
    assert sum("gave no answer" in line for line in bench.play.heard.said) == 1, "said once, not at every look"


def test_an_index_that_is_down_at_the_beginning_is_said_at_once(bench: Bench) -> None:
    set_fault(bench.play.store, Fault(FaultKind.UNAVAILABLE, "pypi", "GET", "/simple/*", -1))
    with pytest.raises(TryLater):
        bench.wait()
    assert bench.records() == []


def test_a_project_that_does_not_exist_yet_is_awaited_too(bench: Bench) -> None:
    with pytest.raises(TryLater, match="No release"):
        bench.wait(timedelta(minutes=5), project="not-there-yet")


@pytest.mark.parametrize("content", ["{", "[]", '{"type": "WaitRecord", "format": 9}'])
def test_a_record_that_is_none_is_refused_and_left_alone(bench: Bench, content: str) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.wait(at={1: stop})
    (record,) = bench.records()
    record.write_text(content)
    with pytest.raises(UsageError, match="not what keyless writes"):
        bench.wait()
    assert record.read_text() == content
