"""`keyless backup export`."""

from __future__ import annotations

from pathlib import Path

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare


@declare("Write a backup to a new file, still encrypted. 'rollback --from FILE' needs nothing else.")
@click.argument("backup")
@click.argument("file", type=click.Path(path_type=Path))
def command(app: App, backup: str, file: Path) -> None:
    """Copy a backup out of the vault."""
    app.vault().export(backup, file)
    reporter = app.reporter()
    reporter.note(f"Written to {file}. It opens with the same passphrase or keys.")
    reporter.next_command(f"keyless rollback --from {file}", "on any machine, while it can be used")
