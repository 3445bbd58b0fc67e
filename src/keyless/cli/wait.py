"""keyless wait."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.errors import UsageError
from keyless.model.index import Index

if TYPE_CHECKING:
    from keyless.journeys.wait import Awaited


@declare("Wait for the next release and say whether it proves that no token was used. Ctrl-C stops; it goes on later.")
@click.argument("project", metavar="PROJECT[==VERSION]")
@click.option("--index", type=click.Choice([i.value for i in Index]), default=Index.PYPI.value, help="Which index.")
@click.option(
    "--expect",
    metavar="OWNER/REPO[:workflow[@environment]]",
    required=True,
    help="The publisher that it must come through.",
)
@click.option(
    "--days", type=click.FloatRange(0.001, 366), default=7, show_default=True, help="How long to wait in all."
)
@click.option(
    "--after",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]),
    help="Let a release that is there already count if it was uploaded at this time (UTC) or later.",
)
def command(app: App, project: str, *, index: str, expect: str, days: float, after: datetime | None) -> None:
    from keyless.journeys.verify import parse_expected, parse_project
    from keyless.journeys.wait import Awaited

    if math.isnan(days):
        raise UsageError("'nan' is no number of days.", hint="See 'keyless wait --help'.")
    name, version = parse_project(project)
    since = after.replace(tzinfo=UTC) if after else None
    awaited = Awaited(Index(index), name, version, parse_expected(expect), since)
    run_async(_wait(app, awaited, timedelta(days=days)))


async def _wait(app: App, awaited: Awaited, patience: timedelta) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.wait import wait
    from keyless.render.evidence import verified_view

    reporter = app.reporter()
    async with open_desk(app, reporter, github_needed=False) as desk:
        reporter.banner(f"wait {awaited.project}")
        found = await wait(desk, awaited, patience)
        for block in verified_view(found.judgement, found.evidence, found.expectation.publisher):
            reporter.show(block)
