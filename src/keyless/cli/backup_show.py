"""`keyless backup show`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.unlocking import unlocking
from keyless.vault import Unlock


@declare("Show what a backup is for, as its header claims; with --open, what it keeps (never a token).")
@click.argument("backup")
@click.option(
    "--open", "opened", is_flag=True, help="Open it, and so prove that it is whole and that the key is right."
)
@unlocking
def command(app: App, backup: str, *, opened: bool) -> None:
    """Show a backup by its id or its path."""
    from keyless.render.views import contents_table

    vault = app.vault()
    reporter = app.reporter()
    header = vault.header(backup)
    reporter.show(header)
    if not opened:
        return
    unlock = run_async(_unlock(app, vault.recipients(backup)))
    _, contents = vault.open(backup, unlock, now=datetime.now(UTC), past_expiry=True)
    reporter.note("It was opened: every byte of it is as it was sealed.")
    reporter.table(contents_table(contents))


async def _unlock(app: App, recipients: tuple[str, ...]) -> Unlock:
    from keyless.journeys.asks import ask_unlock

    opener = await ask_unlock(app.operator(), lambda row: row.identifier in app.given, recipients, {})
    return opener.key
