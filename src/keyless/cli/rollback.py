"""keyless rollback."""

from __future__ import annotations

from pathlib import Path

import click

from keyless.cli.answering import derive_options
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.target import parse_repository
from keyless.errors import UsageError
from keyless.model.plan import Phase


@declare("Put back what a migration removed: secrets, stores, visibility, and the workflow's bytes.")
@click.argument("repository", metavar="[OWNER/REPO]", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be put back, and touch nothing.")
@click.option("--rehearse", is_flag=True, help="Prove the way back on a scratch secret, and clean up.")
@derive_options(Phase.ROLLBACK)
def command(app: App, repository: str | None, *, dry_run: bool, rehearse: bool) -> None:
    given = app.given.get("backup-file", {}).get("", "")
    file = Path(str(given)) if given else None
    if (repository is None) == (file is None) and not (rehearse and repository):
        raise UsageError("A rollback needs OWNER/REPO, or a backup with --from.", hint="Name one of the two.")
    if rehearse and repository is None:
        raise UsageError("--rehearse needs OWNER/REPO.")
    run_async(_rollback(app, repository, file, dry_run=dry_run, rehearse=rehearse))


async def _rollback(app: App, repository: str | None, file: Path | None, *, dry_run: bool, rehearse: bool) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.rollback import rollback, rollback_from
    from keyless.journeys.scratch import rehearse_rollback

    reporter = app.reporter()
    async with open_desk(app, reporter, journal_needed=file is None) as desk:
        reporter.banner(f"rollback {repository or file}")
        if rehearse and repository is not None:
            await rehearse_rollback(desk, parse_repository(repository))
            return
        if file is not None:
            journey = await rollback_from(desk, file, dry_run=dry_run)
        else:
            journey = await rollback(desk, parse_repository(repository or ""), dry_run=dry_run)
        if journey is None:
            reporter.note("Nothing was changed: this was a dry run.")
        else:
            reporter.next_command(f"keyless migrate {journey.repository}", "when you want to try once more")
