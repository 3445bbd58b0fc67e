"""keyless status: reads the journal and nothing else, so that it answers at once and everywhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare
from keyless.errors import NeedsAttention
from keyless.journal import Journal
from keyless.journeys.settling import settle, stored_backups, unknown_backups
from keyless.journeys.status import Overdue, Standing, overdue_backups, standings
from keyless.model.table import Table
from keyless.services.system import SystemClock, prepare

if TYPE_CHECKING:
    from keyless.render.reporter import Reporter


@declare("Say which migrations are open, until when, and what is next.")
@click.option("--strict", is_flag=True, help="Exit with 20 when anything is overdue, for a scheduled job.")
def command(app: App, *, strict: bool) -> None:
    with Journal.open(prepare(app.state_folder()), app.realm) as journal:
        now = SystemClock(journal.last_seen()).now()
        settle(journal, app.vault, now)
        found = standings(journal, now)
        unknown = unknown_backups(journal, stored_backups(app.state_folder() / "backups"))
        late = overdue_backups(journal, now)
    reporter = app.reporter()
    reporter.banner("status")
    if unknown:
        _nag(reporter, unknown)
    if not found and not unknown:
        reporter.note("No migration was begun on this machine.")
        reporter.next_command("keyless scan", "shows where PyPI tokens are used in this checkout")
    elif found:
        _show(reporter, found)
    for one in late:
        reporter.warning(
            f"Backup {one.backup} of {one.journey.repository} is past its end ({one.since:%Y-%m-%d}): {one.command}"
        )
    if strict:
        _require_nothing_open(found, late, unknown)


def _nag(reporter: Reporter, unknown: tuple[str, ...]) -> None:
    reporter.warning(
        f"The vault holds backups that this journal knows nothing of: {', '.join(unknown)}. Either the journal was lost, "
        "or they were imported. What they are for may still be open."
    )
    reporter.next_command(
        "keyless doctor --repair-journal", "opens them and tells their migrations anew, by what the services say"
    )


def _show(reporter: Reporter, found: tuple[Standing, ...]) -> None:
    reporter.table(_table(found))
    following = next((s for s in found if not s.journey.state.ended), found[0])
    reporter.next_command(following.command, following.why)


def _require_nothing_open(found: tuple[Standing, ...], late: tuple[Overdue, ...], unknown: tuple[str, ...]) -> None:
    sys.stdout.flush()
    overdue = [s for s in found if s.urgency == "overdue"]
    if overdue:
        names = ", ".join(str(s.journey.repository) for s in overdue)
        raise NeedsAttention(f"The window is over for {names}.", hint=f"Run `{overdue[0].command}`.", untouched="")
    if late:
        names = ", ".join(one.backup for one in late)
        raise NeedsAttention(f"Past their end: the backups {names}.", hint=f"Run `{late[0].command}`.", untouched="")
    if unknown:
        raise NeedsAttention(
            f"The journal does not know the backups {', '.join(unknown)}.",
            hint="Run `keyless doctor --repair-journal`.",
            untouched="",
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
