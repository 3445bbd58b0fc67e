"""keyless verify."""

from __future__ import annotations

import click

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.errors import NotProven, TryLater
from keyless.model.index import Index
from keyless.model.proof import Verdict
from keyless.model.publisher import Publisher


@declare("Say whether a release really went out without a token.")
@click.argument("project", metavar="PROJECT[==VERSION]")
@click.option("--index", type=click.Choice([i.value for i in Index]), default=Index.PYPI.value, help="Which index.")
@click.option(
    "--expect", metavar="OWNER/REPO[:workflow[@environment]]", help="The publisher that it must have come through."
)
def command(app: App, project: str, *, index: str, expect: str | None) -> None:
    from keyless.journeys.verify import parse_expected, parse_project

    name, version = parse_project(project)
    run_async(_verify(app, Index(index), name, version, parse_expected(expect) if expect else None))


async def _verify(app: App, index: Index, name: str, version: str | None, expected: Publisher | None) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.verify import verify
    from keyless.render.evidence import evidence_view

    reporter = app.reporter()
    async with open_desk(app, reporter, github_needed=False) as desk:
        reporter.banner(f"verify {name}")
        found = await verify(desk, index, name, version, expected)
        reporter.show(found.judgement)
        for block in evidence_view(found.evidence):
            reporter.show(block)
    match found.judgement.verdict:
        case Verdict.PROVEN:
            return
        case Verdict.NOT_PROVEN:
            what = f"{name} {found.judgement.version or ''} on {index.label} is not proven to be published without a token."
            raise NotProven(what, hint="The table says what would help.", untouched="")
        case Verdict.CANNOT_TELL:
            raise TryLater(f"It could not be told for {name} on {index.label}.", hint="Try again later.", untouched="")
