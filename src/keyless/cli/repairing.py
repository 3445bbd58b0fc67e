"""What `keyless doctor --repair-journal` does: says what is wrong, asks, and has the journal written anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from keyless.cli.app import App
from keyless.cli.compose import open_desk
from keyless.errors import NeedsAttention
from keyless.journal import mending
from keyless.journeys.repair import Fate, repair
from keyless.journeys.settling import unknown_backups
from keyless.model.table import Table
from keyless.operators.base import ask_yes, not_agreed
from keyless.operators.questions import question
from keyless.render.reporter import Reporter
from keyless.services.system import prepare


async def repair_journal(app: App, *, dry_run: bool) -> None:
    """Mend the journal of this run's state folder. Raises NeedsAttention when a migration could not be told again."""
    reporter = app.reporter()
    reporter.banner("doctor: the journal")
    state = prepare(app.state_folder())
    problem = mending.problem(state, app.realm)
    reporter.note(problem or "What is in the journal is sound.")
    if problem is None and not _unknown(app, state, reporter):
        reporter.note("There is nothing to repair.")
        return
    if dry_run:
        reporter.note("Nothing was changed: this was a dry run.")
        return
    operator, row = app.operator(), question("confirm-repair")
    if not await ask_yes(operator, row, {}, default=False):
        raise not_agreed(operator, row, untouched="The journal was left as it is.")
    with mending.mended(state, app.realm, datetime.now(UTC)) as found:
        if found.aside is not None:
            reporter.note(f"The damaged journal was moved aside and is kept: {found.aside}")
            reporter.note(f"{len(found.whole)} migrations in it are whole and were taken over as they are.")
        async with open_desk(app, reporter, journal=found.journal) as desk:
            fates = await repair(desk, found.aside.name if found.aside else "")
    _tell(reporter, fates, lost=found.aside is not None)


def _unknown(app: App, state: Path, reporter: Reporter) -> bool:
    """Whether the vault holds backups that a sound journal, or none at all, does not know; said if so."""
    vault = app.vault()
    if (state / "journal.sqlite3").exists():
        from keyless.journal import Journal

        with Journal.open(state, app.realm) as journal:
            found = unknown_backups(journal, vault.ids())
    else:
        found = vault.ids()
    if found:
        reporter.note(f"It does not know these backups: {', '.join(found)}.")
    return bool(found)


def _tell(reporter: Reporter, fates: tuple[Fate, ...], *, lost: bool) -> None:
    rows = tuple(
        (str(f.repository), ", ".join(f.backups), f.state.value if f.state else "NOT RESTORED", f.because)
        for f in fates
    )
    if rows:
        columns = ("repository", "backups", "state", "why not")
        reporter.table(Table("rebuilt", "Told anew by backups and services", columns, rows))
    if lost:
        reporter.note(
            "What leaves no backup could not be told anew: finished migrations (their receipts stand in 'receipts'), "
            "declined backups, reasons and answers, and lists of an organisation's secrets that this repository left."
        )
    reporter.next_command("keyless status", "says where every migration stands now")
    failed = [fate for fate in fates if fate.state is None]
    if failed:
        ids = ", ".join(backup for fate in failed for backup in fate.backups)
        raise NeedsAttention(
            f"{len(failed)} migrations could not be restored, of the backups {ids}: {failed[0].because}",
            hint="Run the same command again once that is mended, or with another key; or use the backup by itself: "
            "keyless rollback --from FILE.",
            untouched="The backups were left as they are.",
        )
