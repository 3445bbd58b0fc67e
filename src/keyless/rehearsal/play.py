"""The whole journey on simulated services, in this process: by itself, or with the real wizard and a real person."""

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

    async def act(self, step: Step, waiting: Waiting) -> bool:
        """Do what keyless waits for, as the person of this world."""
        done = await self.person.carry_out(step)
        if done:
            self.reporter.note(f"  (rehearsal: {self.person.login} did it)")
        return done


def play(reporter: Reporter, last: Operator | None, *, world: str | None, keep: Path | None) -> None:
    """Play `world` from start to finish. `last` None: it answers by itself.

    Raises what a journey raises; a check that does not hold is a bug and ends the run as one.
    """
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keyless-rehearsal-")))
        asyncio.run(_play(reporter, last, world or DEFAULT_WORLD, folder))


async def _play(reporter: Reporter, last: Operator | None, world: str, folder: Path) -> None:
    services = Services.open(folder)
    try:
        known = loaded(services.store) or await load(services, read_world(world))
        person = Person(services, known, known.operator)
        stage = Stage(services, known, person, reporter)
        reporter.banner(f"{known.title}")
        reporter.note(known.story.strip())
        await _journeys(stage, last, folder)
        reporter.show(stage.checks.table())
        stage.checks.require_all()
    finally:
        services.store.close()


async def _journeys(stage: Stage, last: Operator | None, folder: Path) -> None:
    """Roll the first repository back, and finish the others; a lone one is rolled back, migrated again and finished."""
    first, *others = stage.world.migrate
    async with desk_of(stage, last, folder / "state") as desk:
        await _there_and_back(stage, desk, first)
        for repository in others or [first]:
            await _to_the_end(stage, desk, repository)


async def _there_and_back(stage: Stage, desk: Desk, repository: Repository) -> None:
    before = snapshot(stage.services.store, repository)
    stage.reporter.banner(f"1. migrate {repository}")
    await migrate(desk, repository)
    removed = before.names() - snapshot(stage.services.store, repository).names()
    stage.checks.add(
        f"{repository}: {', '.join(sorted(removed)) or 'a secret'} is gone after the migration", bool(removed)
    )
    stage.reporter.banner(f"2. roll {repository} back")
    await rollback(desk, repository)
    after = snapshot(stage.services.store, repository)
    stage.checks.add(
        f"{repository}: the rollback gave back names, stores, visibility, lists", before.secrets == after.secrets
    )
    stage.checks.add(
        f"{repository}: the rollback gave back the workflow byte for byte", before.workflows == after.workflows
    )
    await stage.checks.release(stage.person, repository, "by token again, after the rollback", trusted=False)


async def _to_the_end(stage: Stage, desk: Desk, repository: Repository) -> None:
    stage.reporter.banner(f"3. migrate {repository}")
    before = snapshot(stage.services.store, repository)
    journey = await migrate(desk, repository)
    removed = before.names() - snapshot(stage.services.store, repository).names()
    stage.checks.add(
        f"{repository}: {', '.join(sorted(removed)) or 'a secret'} is gone after the migration", bool(removed)
    )
    stage.services.store.advance(10 * _DAY)
    stage.reporter.note("  (rehearsal: ten days pass)")
    await stage.checks.release(stage.person, repository, "without a token, ten days later", trusted=True)
    stage.reporter.banner(f"4. finish {repository}")
    ended = await finish(desk, repository)
    if journey is not None and ended is not None:
        receipt, markdown = write_receipt(desk, ended)
        stage.reporter.show(receipt)
        stage.reporter.note(f"The receipt: {markdown}")
        alive = [t for t in receipt.tokens if t.identifier and t.end != "proven gone"]
        stage.checks.add(f"{repository}: every token that was given is proven to be gone", not alive)
        left = [b for b in desk.journal.backups(ended.id) if desk.vault.holds(b.id)]
        stage.checks.add(f"{repository}: its backup is shredded", not left)


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
