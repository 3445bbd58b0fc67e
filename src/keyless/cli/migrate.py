"""keyless migrate."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from keyless.cli.answering import derive_options
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.cli.target import Target, find_target
from keyless.model.plan import Phase


@declare("Move a repository to trusted publishing and remove its token. Run it again to go on where it stopped.")
@click.argument("target", metavar="[OWNER/REPO | FOLDER]", required=False)
@click.option("--dry-run", is_flag=True, help="Print the plan and touch nothing.")
@click.option("--replan", is_flag=True, help="Look again and make a new plan; what was done stays done.")
@click.option(
    "--wait", type=click.IntRange(0, 10_080), metavar="MINUTES", help="Look again this long for what is awaited."
)
@click.option(
    "--save-playbook", type=click.Path(dir_okay=False, path_type=Path), help="Write the answers to a playbook."
)
@derive_options(Phase.MIGRATE)
def command(
    app: App, target: str | None, *, dry_run: bool, replan: bool, wait: int | None, save_playbook: Path | None
) -> None:
    from keyless.playbooks.save import refuse_existing

    found = find_target(target)
    if save_playbook is not None:
        refuse_existing(save_playbook)
    patience = None if wait is None else timedelta(minutes=wait)
    run_async(_migrate(app, found, patience, save_playbook, dry_run=dry_run, replan=replan))


async def _migrate(
    app: App, target: Target, patience: timedelta | None, save: Path | None, *, dry_run: bool, replan: bool
) -> None:
    from keyless.cli.compose import open_desk
    from keyless.cli.saving import Recorder, without
    from keyless.journeys.migrate import migrate

    reporter = app.reporter()
    recorder = Recorder(target.repository, app.realm)
    async with open_desk(app, reporter, patience=patience, wrap=recorder.wrap if save else None) as desk:
        reporter.banner(f"migrate {target.repository}")
        try:
            journey = await migrate(desk, target.repository, folder=target.folder, dry_run=dry_run, replan=replan)
        finally:
            if save is not None:
                recorder.save(save, Phase.MIGRATE)
                app.resume = without(app.arguments, "--save-playbook")  # it is written, and never written over
        if journey is None:
            reporter.note("Nothing was changed: this was a dry run.")
        else:
            reporter.next_command("keyless status", "tells how long a rollback is possible, and what is next")
