"""keyless watch."""

from __future__ import annotations

import click

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.target import parse_repository
from keyless.errors import NeedsAttention, UsageError
from keyless.model.table import Table
from keyless.model.text import counted


@declare("Say what drifted after a migration: a token back in a workflow or a store, a release without a proof.")
@click.argument("repositories", metavar="[OWNER/REPO]...", nargs=-1)
def command(app: App, repositories: tuple[str, ...]) -> None:
    run_async(_watch(app, {str(parse_repository(name)).lower() for name in repositories}))


async def _watch(app: App, wanted: set[str]) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.status import newest_journeys
    from keyless.journeys.watch import watch

    reporter = app.reporter()
    async with open_desk(app, reporter) as desk:
        reporter.banner("watch")
        journeys = [j for j in newest_journeys(desk.journal) if not wanted or str(j.repository).lower() in wanted]
        for name in sorted(wanted - {str(journey.repository).lower() for journey in journeys}):
            raise UsageError(f"This journal knows of no migration of {name}.", hint="See `keyless status`.")
        drifts = await watch(desk, tuple(journeys))
        if not drifts:
            reporter.note(f"{counted(len(journeys), 'migration')} looked at: nothing has drifted.")
            return
        rows = tuple((d.repository, d.says, "yes" if d.certain else "could not tell", d.command) for d in drifts)
        reporter.table(Table("drift", "Drift", ("repository", "what", "certain", "what to do"), rows))
    raise NeedsAttention(
        f"{counted(len(drifts), 'thing is', 'things are')} not as the migration left them.",
        hint="The table says what to do.",
        untouched="",
    )
