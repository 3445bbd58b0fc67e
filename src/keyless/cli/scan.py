"""keyless scan."""

from __future__ import annotations

import re
import shlex
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyless.cli.app import App
from keyless.cli.shared import command as declare
from keyless.errors import UsageError

if TYPE_CHECKING:  # reading YAML and talking to GitHub wait until one of them is wanted
    from keyless.journeys.scan import Asked
    from keyless.planning.scan import Scan
    from keyless.render.reporter import Reporter

_STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the outcome is shown, and what it means."""

    strict: bool
    sarif: str | None
    github: bool
    publisher: str | None

    @property
    def elsewhere(self) -> bool:
        """Whether standard output belongs to something else than the report."""
        return self.github or self.sarif == _STDOUT


@declare(
    "Find where PyPI credentials live and what reads them, what is wrong, and the publisher that each upload needs. "
    "A folder needs no network and no token."
)
@click.argument("target", metavar="[FOLDER | OWNER/REPO | OWNER]", required=False)
@click.option("--strict", is_flag=True, help="Exit with 20 for errors, warnings, tokens, and what could not be read.")
@click.option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0; - is standard output.")
@click.option("--github", is_flag=True, help="Print the findings as annotations of GitHub Actions, and nothing else.")
@click.option("--publisher", metavar="OWNER/REPO:FILE[@ENVIRONMENT]", help="Compare a publisher as it was typed.")
def command(
    app: App, target: str | None, *, strict: bool, sarif: str | None, github: bool, publisher: str | None
) -> None:
    wishes = Wishes(strict, sarif, github, publisher)
    if (app.json and wishes.elsewhere) or (github and sarif == _STDOUT):
        raise UsageError("--json, --github and --sarif - all want standard output.", hint="Choose one of them.")
    folder = Path(target or ".")
    owner = target is not None and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?", target)
    if target is None or (folder.is_dir() and not (owner and "/" in target and not target.startswith("."))):
        _folder(app, folder, wishes)
    elif not owner:
        raise UsageError(f"'{target}' is neither a folder nor an owner or repository on GitHub.")
    elif "/" in target:
        _run(_repository(app, target, wishes))
    elif sarif or github or publisher:
        raise UsageError("--sarif, --github and --publisher are about one folder or repository.", hint="Name one.")
    else:
        _run(_owner(app, target, wishes))


def _run(main: Coroutine[object, object, None]) -> None:
    from keyless.cli.running import run_async

    run_async(main)


def _folder(app: App, folder: Path, wishes: Wishes) -> None:
    from keyless.journeys.scan import scan_files
    from keyless.services.system import find_checkout, read_files

    checkout = find_checkout(folder)
    reporter = _reporter(app, wishes)
    reporter.banner(f"scan {folder}")
    asked = _asked(app, wishes)
    found = scan_files(
        str(folder), checkout.here, checkout.files, lambda paths: read_files(checkout.root, paths), asked
    )
    if checkout.repository is None and found.analysis.publish_steps:
        what = "Owner and repository are believed as typed" if wishes.publisher else "Publishers are not shown"
        reporter.note(f"{what}: the checkout has no remote on GitHub that says whose it is.")
    _show(app, reporter, found, wishes, {file.path: file.content for file in checkout.files}, str(folder))


async def _repository(app: App, target: str, wishes: Wishes) -> None:
    from keyless.cli.compose import open_desk
    from keyless.cli.target import parse_repository
    from keyless.journeys.scan_github import scan_repository

    reporter = _reporter(app, wishes)
    async with open_desk(app, reporter) as desk:
        reporter.banner(f"scan {target}")
        found = await scan_repository(desk.github, parse_repository(target), desk.clock, _asked(app, wishes))
    _show(app, reporter, found, wishes, {}, target)


async def _owner(app: App, target: str, wishes: Wishes) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.scan_github import scan_owner

    reporter = _reporter(app, wishes)
    async with open_desk(app, reporter) as desk:
        reporter.banner(f"scan {target}")
        found = await scan_owner(desk.github, target, desk.clock)
    import keyless.render.scans  # noqa: F401  # gives scans their view
    from keyless.cli.scanning import judge_owner

    reporter.show(found)
    if wishes.strict:
        judge_owner(found)


def _asked(app: App, wishes: Wishes) -> Asked:
    from keyless.journeys.scan import Asked
    from keyless.model.index import Index
    from keyless.planning.forecast import parse_publisher

    typed = parse_publisher(wishes.publisher) if wishes.publisher else None
    return Asked({index: app.addresses().index(index).site for index in Index}, typed)


def _reporter(app: App, wishes: Wishes) -> Reporter:
    from keyless.render.silent import SilentReporter

    return SilentReporter() if wishes.elsewhere else app.reporter()


def _next(reporter: Reporter, found: Scan, target: str) -> None:
    from keyless.model.workflow import Credential

    trusted = all(step.credential is Credential.TRUSTED for step in found.analysis.publish_steps)
    why = "proves a release, and removes what is left" if trusted else "moves this repository to trusted publishing"
    reporter.next_command(shlex.join(["keyless", "migrate", *([] if target == "." else [target])]), why)


def _show(app: App, reporter: Reporter, found: Scan, wishes: Wishes, texts: dict[str, bytes], target: str) -> None:
    from keyless.cli.scanning import judge, write_annotations, write_sarif
    from keyless.planning.forecast import links

    if not app.json:
        import keyless.render.scans  # noqa: F401  # gives scans their view

    reporter.show(found)
    for label, link in links(found.forecasts):
        reporter.link(label, link)
    if wishes.sarif is not None:
        write_sarif(found, app.realm, wishes.sarif, texts)
    if wishes.github:
        write_annotations(found)
    if found.analysis.publish_steps:
        _next(reporter, found, target)
    if wishes.strict:
        judge(found)
