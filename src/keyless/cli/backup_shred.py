"""`keyless backup shred`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.operators.base import ask_text
from keyless.operators.questions import question


@declare("Destroy a backup's keys and its file, once its id was typed. 'finish' does this by itself when it is safe.")
@click.argument("backup")
@options_for(question("confirm-shred"))
def command(app: App, backup: str) -> None:
    """Show the backup, have its id typed (S9), destroy it, and tell the journal."""
    vault, reporter = app.vault(), app.reporter()
    known = [header for header in vault.list() if header.id == backup]
    reporter.show(tuple(known))
    run_async(ask_text(app.operator(), question("confirm-shred"), {"backup": backup}))
    recipients = vault.recipients(backup) if known else ()
    vault.shred(backup)
    trouble = _tell_journal(app, backup, recipients)
    if trouble:
        reporter.warning(trouble)
    reporter.note("Its keys are destroyed." if known else "There is no such backup (any more).")
    reporter.note(
        "A disk that journals, copies on write or levels wear may still hold the old bytes; without a key they are noise."
    )


def _tell_journal(app: App, backup: str, recipients: tuple[str, ...]) -> str:
    """Mark the backup as destroyed where a journey knows it, and take its key out of the keyring; return what failed."""
    from keyless.journal import Journal
    from keyless.steps.keyring import forget

    with Journal.open(app.state_folder(), app.realm) as journal:
        for journey in journal.journeys():
            if any(record.id == backup and record.shredded_at is None for record in journal.backups(journey.id)):
                journal.mark_shredded(backup, datetime.now(UTC))
                return forget(journal, journey.id, recipients)
    return ""
