"""keyless playbook run."""

from __future__ import annotations

from pathlib import Path

import click

from keyless.cli.app import App
from keyless.cli.fleet import run_fleet
from keyless.cli.shared import command as declare


@declare("Do what a playbook says; never ask. Run it again to go on where it stopped.")
@click.argument("path", metavar="PLAYBOOK", type=click.Path(dir_okay=False, path_type=Path))
def command(app: App, path: Path) -> None:
    run_fleet(app, path, dry_run=False)
