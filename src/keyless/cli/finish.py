"""keyless finish."""

from __future__ import annotations

import click

from keyless.cli.answering import derive_options
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.target import parse_repository
from keyless.model.github import Repository
from keyless.model.plan import Phase


@declare("Revoke the token, destroy the backup, write the receipt. The point of no return.")
@click.argument("repository", metavar="OWNER/REPO")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and touch nothing.")
@derive_options(Phase.FINISH)
def command(app: App, repository: str, *, dry_run: bool) -> None:
    run_async(_finish(app, parse_repository(repository), dry_run=dry_run))


async def _finish(app: App, repository: Repository, *, dry_run: bool) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.finish import finish
    from keyless.journeys.receipt import write_receipt

    reporter = app.reporter()
    async with open_desk(app, reporter) as desk:
        reporter.banner(f"finish {repository}")
        journey = await finish(desk, repository, dry_run=dry_run)
        if journey is None:
            reporter.note("Nothing was changed: this was a dry run.")
            return
        receipt, markdown = write_receipt(desk, journey)
        reporter.show(receipt)
        reporter.note(f"The receipt: {markdown}")
