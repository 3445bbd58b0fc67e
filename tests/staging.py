"""Journeys in this process, through the real paths of the simulated services: a world, a desk, and somebody who acts.

A world is loaded once in a session; each test gets a copy of its folder. Nothing waits: the world's clock jumps.
"""

from __future__ import annotations

import asyncio
import functools
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from keyless.errors import KeylessError
from keyless.journal import Journal
from keyless.journeys.desk import Desk
from keyless.journeys.finish import finish
from keyless.journeys.migrate import migrate
from keyless.journeys.outside import ActOutside, StopOutside
from keyless.journeys.rollback import rollback
from keyless.model.github import Repository, StoreKind
from keyless.model.index import Index
from keyless.model.journey import Journey
from keyless.model.plan import Phase, Plan
from keyless.model.realm import Realm
from keyless.operators.script import ScriptOperator
from keyless.rehearsal.faults import clear_faults
from keyless.rehearsal.github import state
from keyless.rehearsal.operator import RehearsalOperator
from keyless.rehearsal.person import Person
from keyless.rehearsal.play import Stage, desk_of
from keyless.rehearsal.services import Services
from keyless.rehearsal.snapshot import Snapshot, snapshot
from keyless.rehearsal.world import load, loaded
from keyless.rehearsal.world_file import read_world
from keyless.render.silent import SilentReporter
from keyless.secret import Secret

PASSPHRASE = Secret("a passphrase for tests")
DAY = 86_400.0


class Killed(BaseException):
    """Stands for a process that is gone at this very place."""


class Heard(SilentReporter):
    """Keeps all that was said, as text: `said` in order, `links` and `waits` by themselves.

    `at` holds what happens in the world, once, when a step whose title begins so is about to start.
    """

    def __init__(self) -> None:
        self.at: dict[str, Callable[[], object]] = {}
        self.said: list[str] = []
        self.waits: list[tuple[str, str | None, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.warnings: list[str] = []

    def step_started(self, number: int, total: int, title: str) -> None:
        self.said.append(title)
        for begins in [one for one in self.at if title.startswith(one)]:
            self.at.pop(begins)()

    def step_done(self, title: str, detail: str, *, already: bool) -> None:
        self.said.append(f"{title}: {detail}")

    def waiting(self, what: str, *, link: str | None, advice: Any) -> None:
        self.waits.append((what, link, tuple(advice)))
        self.said += [what, link or "", *advice]

    def note(self, text: str) -> None:
        self.said.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)
        self.said.append(text)

    def link(self, label: str, url: str) -> None:
        self.links.append(url)
        self.said += [label, url]

    def text(self) -> str:
        return "\n".join(self.said)


@functools.cache
def master(world: str) -> Path:
    """The folder of a world as it was when it was loaded; never used itself."""
    folder = Path(tempfile.mkdtemp(prefix="keyless-worlds-"))

    async def fill() -> None:
        services = Services.open(folder)
        try:
            await load(services, read_world(world))
        finally:
            services.store.close()

    asyncio.run(fill())
    return folder


@functools.cache
def on_the_way(world: str, stage: str) -> Path:
    """The folder of a world whose first repository is on its way: `stage` is "proven", "migrated" or "rolled-back"."""
    folder = Path(tempfile.mkdtemp(prefix="keyless-worlds-")) / "world"
    scene = Scene.of(world, folder)

    def gone() -> None:
        raise Killed

    if stage == "proven":
        scene.heard.at["Back up"] = gone
    with suppress(Killed):
        scene.migrate()
    if stage == "rolled-back":
        scene.rollback()
    scene.close()
    return folder


@dataclass
class Scene:
    """A world that is alive in a folder of its own, what was heard in it, and what its operator is told to say.

    `told` answers by question, for all that it may be about; a mapping answers by name. What is not told is answered as
    the world's maintainer would; with `answers` False by nobody. With `acts` False nobody does what is awaited outside.
    """

    folder: Path
    services: Services
    told: dict[str, Any] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    acts: bool = True
    answers: bool = True
    login: str | None = None
    tokens: dict[str, Secret] = field(default_factory=dict)
    between: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] | None = None
    """Put between keyless and the services, and nobody else: what a person does goes another way."""

    @classmethod
    def of(cls, world: str, folder: Path, *, stage: str = "") -> Scene:
        shutil.copytree(on_the_way(world, stage) if stage else master(world), folder)
        return cls(folder, Services.open(folder))

    def __post_init__(self) -> None:
        known = loaded(self.services.store)
        assert known is not None
        self.world = known
        self.person = Person(self.services, known, known.operator)

    @property
    def store(self) -> Any:
        return self.services.store

    @property
    def repository(self) -> Repository:
        return self.world.migrate[0]

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def snapshot(self, repository: Repository | None = None) -> Snapshot:
        return snapshot(self.store, repository or self.repository)

    def names(self, repository: Repository | None = None) -> set[str]:
        return set(self.snapshot(repository).names())

    def read(self, source: str) -> Secret:
        return self.tokens[source]

    def script(self) -> ScriptOperator:
        given = {name: dict(value) if isinstance(value, dict) else {"": value} for name, value in self.told.items()}
        for name, secret in (("passphrase", PASSPHRASE), ("unlock-passphrase", PASSPHRASE)):
            if name not in given:
                self.tokens["env:PASSPHRASE"] = secret
                given[name] = {"": "env:PASSPHRASE"}
        return ScriptOperator(given, self.read)

    @asynccontextmanager
    async def desk(self) -> Any:
        """A desk in this world. `acts` False: nobody does what is awaited outside."""
        stage = Stage(self.services, self.world, self.person, self.heard)
        plain = self.services.transport
        if self.between is not None:
            through = self.between
            self.services.transport = lambda: through(plain())  # type: ignore[method-assign]
        last = RehearsalOperator(self.person, self.world) if self.answers else ScriptOperator({}, self.read)
        async with desk_of(stage, last, self.state) as desk:
            self.services.transport = plain  # type: ignore[method-assign]
            outside = ActOutside(self._act(stage)) if self.acts else StopOutside()
            yield replace(desk, given=(self.script(),), outside=outside)

    def _act(self, stage: Stage) -> Callable[..., Awaitable[bool]]:
        """People have no bad day: faults are lifted while they do what is awaited."""

        async def act(step: Any, waiting: Any) -> bool:
            kept = self.store.all("fault")
            clear_faults(self.store)
            try:
                return await stage.act(step, waiting)
            finally:
                for key, document in kept:
                    self.store.put("fault", key, document)

        return act

    def work(self, job: Callable[[Desk], Awaitable[Any]]) -> Any:
        """Do something at a desk that is opened for it and closed again, as a process would."""

        async def go() -> Any:
            async with self.desk() as desk:
                return await job(desk)

        return asyncio.run(go())

    def migrate(self, repository: Repository | None = None, **options: Any) -> Journey | None:
        return self.work(lambda desk: migrate(desk, repository or self.repository, **options))

    def rollback(self, repository: Repository | None = None, **options: Any) -> Journey | None:
        return self.work(lambda desk: rollback(desk, repository or self.repository, **options))

    def finish(self, repository: Repository | None = None, **options: Any) -> Journey | None:
        return self.work(lambda desk: finish(desk, repository or self.repository, **options))

    def error(self, job: Callable[[], Any]) -> KeylessError:
        """The error that ends `job`."""
        try:
            job()
        except KeylessError as error:
            return error
        raise AssertionError("it ended well")

    def journal(self) -> Journal:
        return Journal.open(self.state, Realm.REHEARSAL)

    def plan(self, phase: Phase = Phase.MIGRATE, repository: Repository | None = None) -> Plan:
        with self.journal() as journal:
            journey = journal.newest(repository or self.repository)
            assert journey is not None
            plan = journal.plan(journey.id, phase)
        assert plan is not None
        return plan

    def backups(self) -> list[Path]:
        return sorted((self.state / "backups").glob("*.keyless*")) or sorted((self.state / "backups").glob("*"))

    def release(self, index: Index = Index.PYPI, repository: Repository | None = None, **options: Any) -> None:
        asyncio.run(self.person.release(repository or self.repository, index, **options))

    def requests(self) -> int:
        return sum(count for name, count in self.services.requests.items() if name in ("github", "pypi", "testpypi"))

    def carry_out(self, *steps: Any) -> None:
        """Have the people of the world do what these steps ask of them."""

        async def all_of_them() -> None:
            for step in steps:
                assert await self.person.carry_out(step)

        asyncio.run(all_of_them())

    def merge(self, repository: Repository | None = None) -> None:
        asyncio.run(self.person.merge_open(repository or self.repository))

    def write(self, path: str, text: str | bytes, repository: Repository | None = None, branch: str = "main") -> None:
        """Somebody else commits a file."""
        where = repository or self.repository
        content = text.encode() if isinstance(text, str) else text
        state.commit(self.store, where.owner, where.name, branch, {path: content}, "something else")

    def read_file(self, path: str, repository: Repository | None = None, branch: str = "main") -> bytes:
        where = repository or self.repository
        return state.tree(self.store, where.owner, where.name, branch)[path]

    def edit_secret(self, name: str, value: str = "another value", kind: str = "repository", **where: Any) -> None:
        """Somebody else puts a value into a secret, a minute later."""
        self.store.advance(60)
        here = self.repository
        repository = None if StoreKind(kind).value.startswith("organisation") else here.name
        environment = where.pop("environment", None)
        state.set_secret(self.store, kind, here.owner, repository, environment, name, value, **where)

    def close(self) -> None:
        self.store.close()
