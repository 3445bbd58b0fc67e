"""keyless scan."""

from __future__ import annotations

import re
from pathlib import Path

import click

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.errors import UsageError
from keyless.model.reading import Found, Missing


@declare("Find where PyPI credentials live and what reads them. A folder needs no network and no token.")
@click.argument("target", metavar="[FOLDER | OWNER/REPO | OWNER]", required=False)
def command(app: App, target: str | None) -> None:
    folder = Path(target or ".")
    owner = target is not None and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?", target)
    if target is None or (folder.is_dir() and not (owner and "/" in target and not target.startswith("."))):
        _folder(app, folder)
    elif owner:
        run_async(_github(app, target))
    else:
        raise UsageError(f"'{target}' is neither a folder nor an owner or repository on GitHub.")


def _folder(app: App, folder: Path) -> None:
    from keyless.journeys.scan import scan_files
    from keyless.render.scans import scan_view
    from keyless.services.system import find_checkout, read_files

    checkout = find_checkout(folder)
    reporter = app.reporter()
    reporter.banner(f"scan {folder}")
    found = scan_files(str(folder), checkout.files, lambda paths: read_files(checkout.root, paths))
    for block in scan_view(found):
        reporter.show(block)
    if found.analysis.publish_steps:
        reporter.next_command("keyless migrate", "moves this repository to trusted publishing")


async def _github(app: App, target: str) -> None:
    from keyless.cli.compose import open_desk
    from keyless.cli.target import parse_repository
    from keyless.journeys.scan import scan_owner, scan_repository
    from keyless.render.scans import owner_view, scan_view

    reporter = app.reporter()
    async with open_desk(app, reporter) as desk:
        reporter.banner(f"scan {target}")
        if "/" in target:
            blocks = scan_view(await scan_repository(desk.github, parse_repository(target), desk.clock))
        else:
            scans = await scan_owner(desk.github, target, desk.clock)
            blocks = owner_view(scans)
            for name, scan in scans:
                if not isinstance(scan, Found):
                    reporter.warning(f"{name}: {scan.what if isinstance(scan, Missing) else scan.because}")
        for block in blocks:
            reporter.show(block)
