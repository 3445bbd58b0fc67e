"""`keyless playbook check`."""

from __future__ import annotations

from pathlib import Path

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare


@declare("Read a playbook and say what is wrong with it, by line and column. Nothing is done, no service is asked.")
@click.argument("file", type=click.Path(path_type=Path))
def command(app: App, file: Path) -> None:
    """Check a file. It may be for either realm."""
    from keyless.model.table import Table
    from keyless.playbooks.load import load_playbook

    playbook = load_playbook(file)
    rows = tuple((str(entry.repository), ", ".join(sorted(entry.given))) for entry in playbook.entries)
    title = f"{playbook.name}: {playbook.phase.value}, {playbook.realm.value} services"
    app.reporter().table(Table("playbook", title, ("repository", "questions answered"), rows))
