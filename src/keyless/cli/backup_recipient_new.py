"""`keyless backup recipient new`."""

from __future__ import annotations

import click

from keyless.cli.app import App
from keyless.cli.handing import hand_over
from keyless.cli.shared import command as declare


@declare("Make a key pair: backups sealed for its public part open only with its private part.")
@click.option("--private-to", required=True, metavar="FILE", help="The new file to write the private part into, or -.")
def command(app: App, private_to: str) -> None:
    """Hand the private part over and show the public one."""
    from keyless.model.table import Table
    from keyless.vault import new_recipient

    public, private = new_recipient()
    hand_over(private, private_to)
    if private_to != "-":
        app.reporter().table(Table("recipient", "The public part, for --recipient", ("recipient",), ((public,),)))
