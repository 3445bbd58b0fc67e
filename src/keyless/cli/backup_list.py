"""`keyless backup list`."""

from __future__ import annotations

from datetime import UTC, datetime

from keyless.cli.app import App
from keyless.cli.shared import command as declare


@declare("List the backups, as their headers claim, and until when they can be used.")
def command(app: App) -> None:
    """List what is in the vault; a file that cannot be read is named too."""
    from keyless.render.views import BackupList

    vault = app.vault()
    unreadable = tuple(f"{path}: {error.what}" for path, error in vault.unreadable())
    reporter = app.reporter()
    reporter.banner("Backups on this machine")
    reporter.show(BackupList(datetime.now(UTC), vault.list(), unreadable))
