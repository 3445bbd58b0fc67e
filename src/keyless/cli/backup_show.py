"""`keyless backup show`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.operators.base import ask_secret
from keyless.operators.questions import question
from keyless.vault import IdentityUnlock, PassphraseUnlock, Unlock


@declare("Show what a backup is for, as its header claims; with --open, what it keeps (never a token).")
@click.argument("backup")
@click.option(
    "--open", "opened", is_flag=True, help="Open it, and so prove that it is whole and that the key is right."
)
@options_for(question("unlock-passphrase"), question("identity"))
def command(app: App, backup: str, *, opened: bool) -> None:
    """Show a backup by its id or its path."""
    from keyless.render.views import contents_table

    vault = app.vault()
    reporter = app.reporter()
    header = vault.header(backup)
    reporter.show(header)
    if not opened:
        return
    _, contents = vault.open(backup, _unlock(app), now=datetime.now(UTC), past_expiry=True)
    reporter.note("It was opened: every byte of it is as it was sealed.")
    reporter.table(contents_table(contents))


def _unlock(app: App) -> Unlock:
    operator = app.operator()
    if "identity" in app.given:
        return IdentityUnlock(run_async(ask_secret(operator, question("identity"), {})))
    return PassphraseUnlock(run_async(ask_secret(operator, question("unlock-passphrase"), {})))
