"""`keyless backup import`."""

from __future__ import annotations

from pathlib import Path

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare


@declare("Take an exported backup into this machine's vault. The same one again is fine.")
@click.argument("file", type=click.Path(path_type=Path))
def command(app: App, file: Path) -> None:
    """Copy a backup into the vault, and show what its header claims."""
    app.reporter().show(app.vault().import_(file))
