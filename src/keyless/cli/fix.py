"""keyless fix."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.errors import NeedsAttention, OperatorStopped, UsageError
from keyless.operators.questions import question

if TYPE_CHECKING:  # reading YAML waits until it is wanted
    from keyless.journeys.fix import Fixer, FixReport
    from keyless.model.index import Index
    from keyless.model.workflow import FileChange
    from keyless.services.system import Checkout


@declare(
    "Take the tokens out of the workflows in a checkout, in as few lines as can be, and say why for each. "
    "It needs no network; 'keyless migrate' does this too, and proves and removes besides."
)
@click.argument("path", metavar="[FOLDER | FILE]", required=False)
@click.option("--diff", "--dry-run", "dry_run", is_flag=True, help="Print what would change, and change nothing.")
@click.option("--check", is_flag=True, help="Change nothing; exit with 20 where something would change or is declined.")
@click.option("--undo", is_flag=True, help="Put back the bytes that the last fix of this checkout found.")
@options_for(question("environment"), question("confirm-fix"))
def command(app: App, path: str | None, *, dry_run: bool, check: bool, undo: bool) -> None:
    if undo and check:
        raise UsageError("--undo and --check do not go together.", hint="--undo --diff shows what would be put back.")
    from keyless.services.system import find_checkout

    place = Path(path or ".")
    checkout = find_checkout(_home(place) if place.is_file() else place)
    only = _within(checkout.root, place) if place.is_file() else None
    if undo:
        _undo(app, _fixer(app, checkout), dry_run=dry_run)
    else:
        run_async(_fix(app, checkout, only, dry_run=dry_run, check=check))


async def _fix(app: App, checkout: Checkout, only: str | None, *, dry_run: bool, check: bool) -> None:
    import keyless.render.fixes  # noqa: F401  # gives fixes their view
    from keyless.journeys.fix import FixReport, plan_fix
    from keyless.services.system import read_files

    reporter = app.reporter()
    reporter.banner(f"fix {checkout.root}")
    environments = await _environments(app)
    found = plan_fix(checkout.files, lambda paths: read_files(checkout.root, paths), environments, only, checkout.here)
    paths = tuple(change.path for change in found.changes)
    reporter.diff(found.changes)
    if check or dry_run or not found.changes:
        reporter.show(FixReport(paths, found.declined))
        _judge(FixReport(paths if check else (), found.declined if check or not dry_run else ()))
        return
    await _confirm(app, checkout.root)
    unkept = _fixer(app, checkout).write(found.changes)
    report = FixReport(paths, found.declined, written=True, unkept=unkept)
    reporter.show(report)
    _next(app, checkout, found.changes)
    _judge(FixReport((), found.declined))


async def _environments(app: App) -> dict[Index, str | None]:
    """Return the environment that was asked for, for each index; a fix never asks for one."""
    from keyless.model.index import Index

    asked = question("environment")
    (flags,) = app.scripts()
    answers = {index: await flags.answer(asked, {"index": index.value}) for index in Index}
    return {index: answer for index, answer in answers.items() if isinstance(answer, str) and answer}


async def _confirm(app: App, root: Path) -> None:
    if await app.operator().answer(question("confirm-fix"), {"folder": str(root)}) is not True:
        raise OperatorStopped("Stopped.")


def _next(app: App, checkout: Checkout, changes: tuple[FileChange, ...]) -> None:
    """Show the publishers that the changed workflows need: without them the next release fails."""
    from keyless.cli.scanning import foretell
    from keyless.planning.forecast import links
    from keyless.render.scans import publishers_view

    reporter = app.reporter()
    foretold = foretell(app, checkout, changes)
    for block in publishers_view(foretold.forecasts):
        reporter.show(block)
    for label, link in links(foretold.forecasts):
        reporter.link(label, link)
    reporter.note("Register these publishers before the next release, which fails without them.")
    reporter.next_command("keyless migrate", "proves a release, and removes the secrets")


def _undo(app: App, fixer: Fixer, *, dry_run: bool) -> None:
    import keyless.render.fixes  # noqa: F401  # gives fixes their view
    from keyless.journeys.fix import FixReport

    reporter = app.reporter()
    reporter.banner(f"fix --undo {fixer.root}")
    inverse, changes = fixer.way_back()
    reporter.diff(changes)
    if not dry_run:
        fixer.undo(inverse, changes)
    if changes:
        reporter.show(FixReport(tuple(change.path for change in changes), (), written=not dry_run))
    else:
        reporter.note("Every file holds already what it held before that fix.")


def _judge(report: FixReport) -> None:
    changed, declined = len(report.changed), len(report.declined)
    parts = [f"{changed} would change"] if changed else []
    parts += [f"{declined} {'is' if declined == 1 else 'are'} left to be changed by hand"] if declined else []
    if parts:
        sys.stdout.flush()
        raise NeedsAttention(f"Of the files, {' and '.join(parts)}.", hint="The report says which.", untouched="")


def _fixer(app: App, checkout: Checkout) -> Fixer:
    from keyless.journeys.fix import Fixer
    from keyless.services.system import SystemClock, prepare

    return Fixer(checkout.root, prepare(app.state_folder()), SystemClock(), f"{app.going_on}, process {os.getpid()}")


def _home(file: Path) -> Path:
    """Return the folder whose `.github` a file lies in, or the file's own."""
    above = Path(os.path.abspath(file)).parents  # noqa: PTH100  # links are not followed
    return next((folder for folder in above if (folder / ".github").is_dir()), file.parent)


def _within(root: Path, place: Path) -> str:
    return Path(os.path.relpath(os.path.abspath(place), root)).as_posix()  # noqa: PTH100  # links are not followed
