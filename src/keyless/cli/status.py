"""keyless status: reads the journal and nothing else, so that it answers at once and everywhere."""

from __future__ import annotations

import sys

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare
from keyless.errors import NeedsAttention
from keyless.journal import Journal
from keyless.journeys.status import Standing, standings
from keyless.model.table import Table
from keyless.services.system import SystemClock, prepare


@declare("Say which migrations are open, until when, and what is next.")
@click.option("--strict", is_flag=True, help="Exit with 20 when anything is overdue, for a scheduled job.")
def command(app: App, *, strict: bool) -> None:
    with Journal.open(prepare(app.state_folder()), app.realm) as journal:
        found = standings(journal, SystemClock(journal.last_seen()).now())
    reporter = app.reporter()
    reporter.banner("status")
    if not found:
        reporter.note("No migration was begun on this machine.")
        reporter.next_command("keyless scan", "shows where PyPI tokens are used in this checkout")
        return
    reporter.table(_table(found))
    following = next((s for s in found if not s.journey.state.ended), found[0])
    reporter.next_command(following.command, following.why)
    overdue = [str(s.journey.repository) for s in found if s.urgency == "overdue"]
    if overdue and strict:
        sys.stdout.flush()
        raise NeedsAttention(
            f"The window is over for {', '.join(overdue)}.", hint=f"Run `{following.command}`.", untouched=""
        )


def _table(found: tuple[Standing, ...]) -> Table:
    rows = tuple(
        (
            str(s.journey.repository),
            s.journey.state.value,
            s.doing,
            f"{s.journey.window_until:%Y-%m-%d}" if s.journey.window_until else "",
            s.urgency if s.urgency != "none" else "",
            s.command,
        )
        for s in found
    )
    return Table("status", "Migrations", ("repository", "state", "doing", "window until", "urgency", "next"), rows)
