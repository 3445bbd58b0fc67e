"""keyless doctor."""

from __future__ import annotations

import click

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.target import parse_repository
from keyless.errors import NotAllowed
from keyless.model.table import Table


@declare("Say what can be reached, which permissions are there, and what is lacking.")
@click.argument("repository", metavar="[OWNER/REPO]", required=False)
def command(app: App, repository: str | None) -> None:
    run_async(_doctor(app, repository))


async def _doctor(app: App, repository: str | None) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.doctor import examine

    reporter = app.reporter()
    async with open_desk(app, reporter, github_needed=False) as desk:
        reporter.banner("doctor")
        found = await examine(desk, parse_repository(repository) if repository else None)
    rows = tuple((f.state, f.what, f.says, f.stage, f.mend) for f in found)
    reporter.table(Table("doctor", "What was looked at", ("state", "what", "says", "needed for", "mend"), rows))
    lacking = [f for f in found if f.state == "lacking"]
    if lacking:
        raise NotAllowed(f"{len(lacking)} things are lacking.", hint=lacking[0].mend or "The table says which.")
