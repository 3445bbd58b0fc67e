"""`keyless backup extend`."""

from __future__ import annotations

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.unlocking import unlocking
from keyless.operators.questions import question


@declare("Give a backup another end, counted from now: later or earlier. Copies of tokens in it end with it.")
@click.argument("backup")
@click.option("--dry-run", is_flag=True, help="Say what would become of it, and touch nothing.")
@options_for(question("lease"), question("token"), question("open-expired"), question("confirm-backup"))
@unlocking
def command(app: App, backup: str, *, dry_run: bool) -> None:
    """Move the lease of a backup in the vault, and the window of its migration with it."""
    run_async(_extend(app, backup, dry_run=dry_run))


async def _extend(app: App, backup: str, *, dry_run: bool) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.leases import extend

    reporter = app.reporter()
    async with open_desk(app, reporter, github_needed=False) as desk:
        header = await extend(desk, backup, dry_run=dry_run)
    if header is None:
        reporter.note("Nothing was changed: this was a dry run.")
        return
    reporter.show(header)
    reporter.next_command("keyless status", "tells how long a rollback is possible now")
