"""The whole journey in rehearsal by the clock, and the requests of one repository's migration by count."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.table import Measured
from keyless.journeys.migrate import migrate
from keyless.model.index import Index
from keyless.rehearsal.person import Person
from keyless.rehearsal.play import DEFAULT_WORLD, Stage, desk_of
from keyless.rehearsal.services import Services
from keyless.rehearsal.world import load
from keyless.rehearsal.world_file import read_world
from keyless.render.silent import SilentReporter


def rehearsal() -> list[Measured]:
    """Play the whole journey once, as somebody who types it would: process, world and all.

    The processor's time beside it says whether a missed bar is keyless's doing or a busy machine's.
    """
    start, worked = time.perf_counter(), _worked()
    subprocess.run([sys.executable, "-m", "keyless", "rehearse", "--auto"], check=True, stdout=subprocess.DEVNULL)
    return [
        Measured("keyless rehearse --auto", time.perf_counter() - start, "s", 10),
        Measured("... of which the processor worked", _worked() - worked, "s"),
    ]


def _worked() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def requests_of_a_migration() -> list[Measured]:
    """Migrate one repository with one project and two secrets, and count what each service was sent."""
    with tempfile.TemporaryDirectory() as folder:
        counts = asyncio.run(_counts(Path(folder)))
    rows = [Measured(f"requests to {service}, one migration", count, "requests") for service, count in counts.items()]
    return [*rows, Measured("requests in all, one migration", sum(counts.values()), "requests")]


async def _counts(folder: Path) -> Mapping[str, int]:
    services = Services.open(folder)
    try:
        world = await load(services, read_world(DEFAULT_WORLD))
        stage = Stage(services, world, Person(services, world, world.operator), SilentReporter())
        async with desk_of(stage, None, folder / "state") as desk:
            await migrate(desk, world.migrate[0])
            return {"GitHub": desk.github.requests} | {index.label: desk.indexes[index].requests for index in Index}
    finally:
        services.store.close()
