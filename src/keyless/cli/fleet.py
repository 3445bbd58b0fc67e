"""What `playbook plan` and `playbook run` share: they differ in nothing but touching the world."""

from __future__ import annotations

from pathlib import Path

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.model.table import Table


def run_fleet(app: App, path: Path, *, dry_run: bool) -> None:
    """Run or plan the playbook at `path`. Raises the worst of its repositories' errors, after telling of all."""
    run_async(_fleet(app, path, dry_run=dry_run))


async def _fleet(app: App, path: Path, *, dry_run: bool) -> None:
    from keyless.cli.compose import open_desk
    from keyless.operators.script import ScriptOperator
    from keyless.playbooks.fleet import run_playbook, worst
    from keyless.playbooks.load import load_playbook

    playbook = load_playbook(path).for_realm(app.realm)
    reporter = app.reporter()
    async with open_desk(app, reporter, last=ScriptOperator({}, app.read_secret)) as desk:
        outcomes = await run_playbook(
            desk,
            playbook,
            lambda entry: ScriptOperator(entry.given, app.read_secret),
            dry_run=dry_run,
            before=lambda entry: reporter.banner(f"{playbook.phase.value} {entry.repository}"),
        )
    rows = tuple((o.repository, "done" if o.error is None else f"exit {o.error.exit_code}", o.says) for o in outcomes)
    reporter.table(Table("playbook", f"Playbook {path.name}", ("repository", "", "says"), rows))
    error = worst(outcomes)
    if error is not None:
        raise error
