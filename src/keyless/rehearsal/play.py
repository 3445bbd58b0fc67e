"""The whole journey on simulated services, all in this process, answered by a person of the world."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from keyless.engine import Waiting
from keyless.journal import Journal
from keyless.journeys.desk import Desk
from keyless.journeys.finish import finish
from keyless.journeys.migrate import migrate
from keyless.journeys.outside import ActOutside
from keyless.journeys.receipt import write_receipt
from keyless.journeys.rollback import rollback
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import Step
from keyless.model.realm import Realm
from keyless.operators.base import Operator
from keyless.rehearsal.checks import Checks
from keyless.rehearsal.clock import RehearsalClock
from keyless.rehearsal.operator import RehearsalOperator
from keyless.rehearsal.person import Person
from keyless.rehearsal.services import Services
from keyless.rehearsal.snapshot import snapshot
from keyless.rehearsal.world import load, loaded
from keyless.rehearsal.world_facts import LoadedWorld
from keyless.rehearsal.world_file import read_world
from keyless.render.reporter import Reporter
from keyless.secret import Secret
from keyless.services.github import GitHubService
from keyless.services.indexes import IndexService
from keyless.services.sigstore import SigstoreVerifier
from keyless.vault import Vault

DEFAULT_WORLD = "two-libraries"
_DAY = 86_400


@dataclass(slots=True)
class Stage:
    """A world that is alive, and the person in it whose hands the rehearsal lends."""

    services: Services
    world: LoadedWorld
    person: Person
    reporter: Reporter
    checks: Checks = field(default_factory=Checks)
    kept: bool = False
    """Whether the folder is there afterwards."""

    async def act(self, step: Step, waiting: Waiting) -> bool:
        """Do what keyless waits for, as the person of this world."""
        done = await self.person.carry_out(step)
        if done:
            self.reporter.note(f"  (rehearsal: {self.person.login} did it)")
        return done


def play(reporter: Reporter, *, world: str | None, keep: Path | None) -> None:
    """Play `world` from start to finish.

    Raises what a journey raises; a check that does not hold is a bug and ends the run as one.
    """
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keyless-rehearsal-")))
        asyncio.run(_play(reporter, world or DEFAULT_WORLD, folder, kept=keep is not None))


async def _play(reporter: Reporter, world: str, folder: Path, *, kept: bool) -> None:
    services = Services.open(folder)
    try:
        known = loaded(services.store) or await load(services, read_world(world))
        person = Person(services, known, known.operator)
        stage = Stage(services, known, person, reporter, kept=kept)
        reporter.banner(f"{known.title}")
        reporter.note(known.story.strip())
        await _journeys(stage, folder)
        reporter.show(stage.checks.table())
        stage.checks.require_all()
    finally:
        services.store.close()


async def _journeys(stage: Stage, folder: Path) -> None:
    """Roll the first repository back, and finish the others; a lone one is rolled back, migrated again and finished."""
    first, *others = stage.world.migrate
    async with desk_of(stage, None, folder / "state") as desk:
        await _there_and_back(stage, desk, first)
        for repository in others or [first]:
            await _to_the_end(stage, desk, repository)


async def _there_and_back(stage: Stage, desk: Desk, repository: Repository) -> None:
    before = snapshot(stage.services.store, repository)
    stage.reporter.banner(f"1. migrate {repository}")
    await migrate(desk, repository)
    stage.checks.removed(repository, before, snapshot(stage.services.store, repository))
    stage.reporter.banner(f"2. roll {repository} back")
    await rollback(desk, repository)
    stage.checks.restored(repository, before, snapshot(stage.services.store, repository))
    how = "by token again, after the rollback"
    await stage.checks.release(stage.services.store, stage.person, repository, how, trusted=False)


async def _to_the_end(stage: Stage, desk: Desk, repository: Repository) -> None:
    stage.reporter.banner(f"3. migrate {repository}")
    before = snapshot(stage.services.store, repository)
    await migrate(desk, repository)
    stage.checks.removed(repository, before, snapshot(stage.services.store, repository))
    stage.services.store.advance(10 * _DAY)
    stage.reporter.note("  (rehearsal: ten days pass)")
    how = "without a token, ten days later"
    await stage.checks.release(stage.services.store, stage.person, repository, how, trusted=True)
    stage.reporter.banner(f"4. finish {repository}")
    ended = await finish(desk, repository)
    if ended is not None:
        receipt, markdown = write_receipt(desk, ended)
        stage.reporter.show(receipt)
        if stage.kept:
            stage.reporter.note(f"The receipt: {markdown}")
        stage.checks.ended(receipt, sum(desk.vault.holds(b.id) for b in desk.journal.backups(ended.id)))


@asynccontextmanager
async def desk_of(stage: Stage, last: Operator | None, state: Path) -> AsyncIterator[Desk]:
    """Open a desk on the services of this process."""
    services, clock = stage.services, RehearsalClock(stage.services.store)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = stage.world.person(stage.world.operator).github_token or Secret("")
    transport = services.transport()
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(Journal.open(state, Realm.REHEARSAL))
        github = await stack.enter_async_context(GitHubService(services.addresses, token, clock, transport))
        indexes = {
            i: await stack.enter_async_context(IndexService(i, services.addresses, clock, transport)) for i in Index
        }
        yield Desk(
            addresses=services.addresses,
            github=github,
            indexes=indexes,
            verifiers={i: SigstoreVerifier(services.addresses.trust_root, i, clock.now) for i in Index},
            vault=Vault(state / "backups", Realm.REHEARSAL),
            journal=journal,
            clock=clock,
            observer=stage.reporter,
            given=(),
            last=last or RehearsalOperator(stage.person, stage.world),
            outside=ActOutside(stage.act),
            state=state,
            holder="keyless rehearse",
        )
