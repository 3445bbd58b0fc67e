"""`keyless backup list`."""

from __future__ import annotations

from datetime import datetime

from keyless.cli.app import App
from keyless.cli.shared import command as declare
from keyless.errors import KeylessError
from keyless.journal import Journal
from keyless.services.system import SystemClock


@declare("List the backups, as their headers claim, and until when they can be used.")
def command(app: App) -> None:
    """List what is in the vault; a file that cannot be read is named too."""
    from keyless.render.views import BackupList

    vault = app.vault()
    unreadable = tuple(f"{path}: {error.what}" for path, error in vault.unreadable())
    reporter = app.reporter()
    reporter.banner("Backups on this machine")
    try:
        now = SystemClock(_last_seen(app)).now()
    except (
        KeylessError
    ) as error:  # a journal that cannot be read hides no backup: this list is what somebody looks at then
        reporter.warning(f"{error.what} So the backups are judged by the local clock alone.")
        now = SystemClock(None).now()
    reporter.show(BackupList(now, vault.list(), unreadable))


def _last_seen(app: App) -> datetime | None:
    folder = app.state_folder()
    if not (folder / "journal.sqlite3").exists():
        return None
    with Journal.open(folder, app.realm) as journal:
        return journal.last_seen()
