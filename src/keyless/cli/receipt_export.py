"""`keyless receipt export`: a journey's whole history, for somebody else to keep and check."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare
from keyless.cli.target import parse_repository
from keyless.errors import UsageError
from keyless.files import write_new
from keyless.journal import Journal
from keyless.services.system import prepare


@declare("Write the newest migration of a repository as lines that 'receipt check' can check. It holds no secret.")
@click.argument("repository", metavar="OWNER/REPO")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def command(app: App, repository: str, file: Path | None) -> None:
    """Write the export to a new file, or to standard output."""
    wanted = parse_repository(repository)
    with Journal.open(prepare(app.state_folder()), app.realm) as journal:
        journey = journal.newest(wanted)
        if journey is None:
            raise UsageError(f"This journal knows of no migration of {wanted}.", hint="See `keyless status`.")
        text = "".join(f"{line}\n" for line in journal.export(journey.id))
    if file is None:
        sys.stdout.write(text)
        return
    write_new(file, text.encode())
    reporter = app.reporter()
    reporter.note(f"Written to {file}.")
    reporter.next_command(f"keyless receipt check {file}", "says whether it is still as it was written")
