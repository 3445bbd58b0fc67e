"""`keyless backup key remove`."""

from __future__ import annotations

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.unlocking import unlocking
from keyless.operators.questions import question


@declare("Take a key away from a backup, by its number in 'key list'. The last one stays.")
@click.argument("backup")
@click.argument("number", type=click.IntRange(1))
@click.option("--dry-run", is_flag=True, help="Say which key it would be, and touch nothing.")
@options_for(question("confirm-backup"))
@unlocking
def command(app: App, backup: str, number: int, *, dry_run: bool) -> None:
    """Open the backup and write it anew without one of its key slots."""
    run_async(_remove(app, backup, number, dry_run=dry_run))


async def _remove(app: App, backup: str, number: int, *, dry_run: bool) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.keys import remove_key
    from keyless.render.views import keys_table

    reporter = app.reporter()
    async with open_desk(app, reporter, github_needed=False) as desk:
        header = await remove_key(desk, backup, number, dry_run=dry_run)
    if header is None:
        reporter.note("Nothing was changed: this was a dry run.")
    else:
        reporter.table(keys_table(header))
