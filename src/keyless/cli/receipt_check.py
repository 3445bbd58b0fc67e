"""`keyless receipt check`: whether an exported journal is as keyless wrote it."""

from __future__ import annotations

from pathlib import Path

import click

from keyless import files
from keyless.cli.app import App
from keyless.cli.shared import command as declare
from keyless.errors import NeedsAttention
from keyless.journal import check_export
from keyless.model.table import Table

_LARGEST = 256 << 20


@declare("Say whether an exported journal was changed, cut or put in another order.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--digest", metavar="SHA256", help="The digest in the receipt; a chain that was forged anew has another.")
def command(app: App, file: Path, digest: str | None) -> None:
    """Check the chain of hashes from the first line to the last."""
    lines = files.read(file, limit=_LARGEST).decode("utf-8", "surrogateescape").split("\n")
    whole = lines[-1] == ""
    found = check_export(lines[:-1] if whole else lines)
    problem, place = found.problem, found.line
    if problem is None and not whole:
        problem, place = "the end of its last line is missing", len(lines)
    if problem is not None:
        raise NeedsAttention(
            f"{file} is not as keyless wrote it: line {place}: {problem}.", hint="Use another copy of it."
        )
    if digest is not None and digest != found.head:
        raise NeedsAttention(
            f"{file} is sound in itself, and not what the receipt speaks of: its digest is {found.head}.",
            hint="Compare with the receipt once more; if they differ, one of the two was replaced.",
        )
    columns = ("file", "events", "digest")
    reporter = app.reporter()
    reporter.table(Table("export", "Nothing was changed", columns, ((str(file), str(found.events), found.head or ""),)))
    if digest is None:
        reporter.note("Whoever forges all of it gets another digest: compare it with the one in the receipt.")
