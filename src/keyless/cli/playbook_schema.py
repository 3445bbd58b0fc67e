"""`keyless playbook schema`."""

from __future__ import annotations

import json

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare


@declare("Print the JSON Schema of playbooks, for editors.")
def command(_app: App) -> None:
    """Write the schema to standard output."""
    from keyless.playbooks.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, sort_keys=True))
