"""`keyless backup key add`."""

from __future__ import annotations

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.unlocking import unlocking
from keyless.operators.questions import question


@declare("Let one more key open a backup: a passphrase, a recipient (--recipient) or this machine's keyring.")
@click.argument("backup")
@click.option("--to-keyring", is_flag=True, help="Keep the new key in the system's keyring (keyless[keyring]).")
@click.option("--dry-run", is_flag=True, help="See that the backup opens, and touch nothing.")
@options_for(question("recipients"), question("new-passphrase"), question("confirm-backup"))
@unlocking
def command(app: App, backup: str, *, to_keyring: bool, dry_run: bool) -> None:
    """Open the backup with what opens it now, and seal its data key once more."""
    run_async(_add(app, backup, to_keyring=to_keyring, dry_run=dry_run))


async def _add(app: App, backup: str, *, to_keyring: bool, dry_run: bool) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.keys import add_key
    from keyless.render.views import keys_table

    reporter = app.reporter()
    async with open_desk(app, reporter, github_needed=False) as desk:
        header = await add_key(desk, backup, keyring=to_keyring, dry_run=dry_run)
    if header is None:
        reporter.note("Nothing was changed: this was a dry run.")
    else:
        reporter.table(keys_table(header))
