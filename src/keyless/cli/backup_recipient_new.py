"""`keyless backup recipient new`."""

from __future__ import annotations

from pathlib import Path

import click

from keyless.cli.app import App
from keyless.cli.handing import write_new
from keyless.cli.shared import command as declare


@declare("Make a key pair: backups sealed for its public part open only with its private part.")
@click.option(
    "--private-to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The new file to write the private part into.",
)
def command(app: App, private_to: Path) -> None:
    """Write the private part into a file of its own and show the public one."""
    from keyless.model.table import Table
    from keyless.vault import new_recipient

    public, private = new_recipient()
    write_new(private_to, private.reveal().encode() + b"\n")
    app.reporter().table(Table("recipient", "The public part, for --recipient", ("recipient",), ((public,),)))
