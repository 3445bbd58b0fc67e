"""`keyless backup key list`."""

from __future__ import annotations

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare


@declare("List the keys that open a backup, as its header claims, with the numbers that 'key remove' takes.")
@click.argument("backup")
def command(app: App, backup: str) -> None:
    """Show the key slots of a backup by its id or its path."""
    from keyless.render.views import keys_table

    app.reporter().table(keys_table(app.vault().header(backup)))
