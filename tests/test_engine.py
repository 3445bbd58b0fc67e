"""The one loop: check, intend, act, confirm; and what becomes of it when it is stopped anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyless.engine import Check, Done, Ready, Run, Waiting
from keyless.errors import NOTHING, KeylessError, NotProven, StalePlan, TryLater
from keyless.journal import Journal
from keyless.model.github import Repository
from keyless.model.journey import StepRecord, StepState
from keyless.model.plan import OpenWindow, Phase, Plan, ShredBackup, Step
from keyless.model.realm import Realm
from keyless.render.silent import SilentReporter

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HERE = Repository("o", "r")
PLAN = Plan(Phase.MIGRATE, HERE, (OpenWindow("one", 1), ShredBackup("two", "b")), NOW)


class Killed(BaseException):
    """Stands for a process that is gone at this very place."""


@dataclass
class World:
    """Steps write their id here; `hooks` run at a named moment and may raise."""

    done: list[str] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    hooks: dict[str, Callable[[], None]] = field(default_factory=dict)

    def at(self, moment: str) -> None:
        self.hooks.pop(moment, lambda: None)()


@dataclass
class Performer:
    world: World

    async def check(self, step: Step, record: StepRecord | None) -> Check:
        self.world.at(f"check {step.id}")
        return Done("so already", {"found": True}) if step.id in self.world.done else Ready()

    async def act(self, step: Step) -> None:
        self.world.at(f"before {step.id}")
        self.world.acts.append(step.id)
        self.world.done.append(step.id)
        self.world.at(f"after {step.id}")

    async def confirm(self, step: Step) -> Done | Waiting:
        self.world.at(f"confirm {step.id}")
        return Done("confirmed", {"acted": True})


class Clock:
    def now(self) -> datetime:
        return NOW

    def saw(self, moment: datetime, source: str = "") -> None: ...

    async def sleep(self, seconds: float) -> None: ...


class Outside:
    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)

    async def wait(self, step: Step, waiting: Waiting) -> bool:
        return self.answers.pop(0) if self.answers else False


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    opened = Journal.open(tmp_path, Realm.REHEARSAL)
    yield opened
    opened.close()


class Watching(SilentReporter):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def step_started(self, number: int, total: int, title: str) -> None:
        self.heard.append((number, total, title))

    def step_done(self, title: str, detail: str, *, already: bool) -> None:
        self.heard.append((title, detail, already))

    def waiting(self, what: str, *, link: str | None, advice: Sequence[str]) -> None:
        self.heard.append((what, link, advice))


def go(
    journal: Journal,
    world: World,
    outside: Outside | None = None,
    performer: type = Performer,
    observer: SilentReporter | None = None,
) -> None:
    journey = journal.begin(HERE, NOW)
    performers = {OpenWindow: performer(world), ShredBackup: Performer(world)}
    run = Run(
        journey=journey.id,
        plan=PLAN,
        journal=journal,
        performers=performers,
        outside=outside or Outside(),
        observer=observer or SilentReporter(),
        clock=Clock(),
        title=lambda step: step.id,
    )
    asyncio.run(run.go())


def states(journal: Journal) -> dict[str, StepState]:
    return {record.step: record.state for record in journal.records(journal.begin(HERE, NOW).id)}


def raising(error: BaseException) -> Callable[[], None]:
    def hook() -> None:
        raise error

    return hook


def test_every_step_is_done_in_order_and_once(journal: Journal) -> None:
    world = World()
    go(journal, world)
    assert world.acts == ["one", "two"]
    assert states(journal) == {"one": StepState.DONE, "two": StepState.DONE}


def test_running_it_twice_equals_once(journal: Journal) -> None:
    world = World()
    go(journal, world)
    go(journal, world)
    assert world.acts == ["one", "two"]


def test_what_is_so_already_is_done_without_acting(journal: Journal) -> None:
    world = World(done=["one"])
    go(journal, world)
    assert world.acts == ["two"]


@pytest.mark.parametrize(
    ("moment", "acts"),
    [
        ("check one", ["one", "two"]),
        ("before one", ["one", "two"]),
        ("after one", ["one", "two"]),
        ("confirm one", ["one", "two"]),
        ("check two", ["one", "two"]),
        ("after two", ["one", "two"]),
    ],
)
def test_killed_anywhere_the_same_command_ends_it_and_no_effect_happens_twice(
    journal: Journal, moment: str, acts: list[str]
) -> None:
    world = World(hooks={moment: raising(Killed())})
    with pytest.raises(Killed):
        go(journal, world)
    go(journal, world)
    assert world.acts == acts
    assert set(states(journal).values()) == {StepState.DONE}


def test_intent_is_durable_before_the_effect(journal: Journal) -> None:
    world = World(hooks={"before one": raising(Killed())})
    with pytest.raises(Killed):
        go(journal, world)
    assert states(journal) == {"one": StepState.INTENDED}
    assert world.done == []


def test_a_lost_reply_is_looked_up_and_not_repeated(journal: Journal) -> None:
    world = World(hooks={"after one": raising(TryLater("the reply was lost"))})
    go(journal, world)
    assert world.acts == ["one", "two"]


def test_an_effect_that_did_not_happen_ends_the_run_resumable(journal: Journal) -> None:
    world = World(hooks={"before one": raising(TryLater("down"))})
    with pytest.raises(TryLater):
        go(journal, world)
    go(journal, world)
    assert world.acts == ["one", "two"]


def test_a_stale_plan_stops_before_anything_is_touched(journal: Journal) -> None:
    world = World(hooks={"check one": raising(StalePlan("moved"))})
    with pytest.raises(StalePlan):
        go(journal, world)
    assert world.acts == []
    assert states(journal) == {}


class Waits(Performer):
    async def check(self, step: Step, record: StepRecord | None) -> Check:
        if self.world.done:
            return Done("there")
        self.world.at("looked")
        return Waiting("a release", NotProven("there is none"), "https://pypi.org", ("make one",), {"seen": 0})


def test_nobody_waits_and_the_error_of_what_is_awaited_ends_the_run(journal: Journal) -> None:
    with pytest.raises(NotProven):
        go(journal, World(), performer=Waits)
    assert states(journal) == {"one": StepState.WAITING}


def test_somebody_waits_and_it_is_looked_at_again(journal: Journal) -> None:
    world = World()
    world.hooks["looked"] = lambda: world.done.append("one")
    go(journal, world, Outside(True), performer=Waits)
    assert states(journal) == {"one": StepState.DONE, "two": StepState.DONE}
    assert world.acts == ["two"]


def test_a_step_that_the_journal_knows_as_done_is_not_looked_at_again(journal: Journal) -> None:
    """What it changed may have been changed again since, by somebody who may."""
    with pytest.raises(Killed):
        go(journal, World(hooks={"check two": raising(Killed())}))
    world = World(hooks={"check one": raising(StalePlan("moved"))})
    go(journal, world)
    assert world.acts == ["two"]


def test_a_step_is_given_what_the_journal_knows_of_it(journal: Journal) -> None:
    """One that was intended may have happened; one that was not cannot have."""
    seen: list[StepState | None] = []

    class Looks(Performer):
        async def check(self, step: Step, record: StepRecord | None) -> Check:
            seen.append(record.state if record else None)
            return await super().check(step, record)

    with pytest.raises(Killed):
        go(journal, World(hooks={"before one": raising(Killed())}), performer=Looks)
    go(journal, World(), performer=Looks)
    assert seen == [None, StepState.INTENDED]


def test_after_a_lost_reply_it_is_looked_once_and_what_is_there_counts(journal: Journal) -> None:
    looks: list[str] = []

    class Counts(Performer):
        async def check(self, step: Step, record: StepRecord | None) -> Check:
            looks.append(step.id)
            return await super().check(step, record)

    go(journal, World(hooks={"after one": raising(TryLater("the reply was lost"))}), performer=Counts)
    assert looks == ["one", "one"]


def test_who_watches_hears_of_every_step_its_place_and_whether_it_was_so_already(journal: Journal) -> None:
    watching = Watching()
    go(journal, World(done=["one"]), observer=watching)
    assert watching.heard == [(1, 2, "one"), ("one", "so already", True), (2, 2, "two"), ("two", "confirmed", False)]


def test_who_watches_hears_what_is_awaited_where_and_what_helps(journal: Journal) -> None:
    watching = Watching()
    with pytest.raises(NotProven):
        go(journal, World(), performer=Waits, observer=watching)
    assert watching.heard == [(1, 2, "one"), ("a release", "https://pypi.org", ("make one",))]


def untouched(journal: Journal, moment: str, error: KeylessError) -> str:
    with pytest.raises(KeylessError) as stopped:
        go(journal, World(hooks={moment: raising(error)}))
    return stopped.value.untouched


def test_an_error_before_anything_was_begun_says_that_nothing_was_changed(journal: Journal) -> None:
    assert untouched(journal, "check one", StalePlan("moved")) == NOTHING


def test_an_error_after_something_was_done_does_not_say_that_nothing_was_changed(journal: Journal) -> None:
    assert "stays done" in untouched(journal, "check two", StalePlan("moved"))


def test_what_an_error_itself_knows_of_what_it_left_is_kept(journal: Journal) -> None:
    known = StalePlan("moved", untouched="The secret is still there.")
    assert untouched(journal, "check two", known) == "The secret is still there."
