"""keyless doctor."""

from __future__ import annotations

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.target import parse_repository
from keyless.cli.unlocking import unlocking
from keyless.errors import NotAllowed, TryLater
from keyless.model.table import Table
from keyless.model.text import counted
from keyless.operators.questions import question


@declare("Say what can be reached, which permissions are there, and what is lacking.")
@click.argument("repository", metavar="[OWNER/REPO]", required=False)
@click.option(
    "--repair-journal",
    is_flag=True,
    help="Write a damaged or lost journal anew, from what is whole in it, from the backups and from the services.",
)
@click.option("--dry-run", is_flag=True, help="With --repair-journal: say what is wrong, and touch nothing.")
@options_for(question("confirm-repair"), question("grade"), question("grade-reason"))
@unlocking
def command(app: App, repository: str | None, *, repair_journal: bool, dry_run: bool) -> None:
    if repair_journal:
        from keyless.cli import repairing

        run_async(repairing.repair_journal(app, dry_run=dry_run))
    else:
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
        raise NotAllowed(
            f"{counted(len(lacking), 'thing is', 'things are')} lacking.",
            hint=lacking[0].mend or "The table says which.",
        )
    silent = [f.what for f in found if f.state == "unreachable"]
    if silent:
        raise TryLater(f"{' and '.join(silent)} could not be reached.", hint="Run it again later.", untouched="")
