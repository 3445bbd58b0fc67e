"""keyless preflight: inside a job of GitHub Actions, an upload token is minted and thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.errors import KeylessError, NotProven, TryLater, UsageError
from keyless.model.index import Index
from keyless.operators.questions import question

if TYPE_CHECKING:
    from keyless.model.preflight import Preflight
    from keyless.model.publisher import Publisher
    from keyless.model.refusal import Explanation

_UNTOUCHED = "Nothing was uploaded."


@declare("Try in a workflow's own job whether the index would take a release from it. Uploads nothing, proves nothing.")
@click.argument("project")
@click.option("--index", type=click.Choice([i.value for i in Index]), default=Index.PYPI.value, help="Which index.")
@click.option(
    "--expect", metavar="OWNER/REPO[:workflow[@environment]]", help="The publisher that the job is meant to have."
)
@click.option("--print-workflow", is_flag=True, help="Print the workflow that runs it, and do nothing.")
@options_for(question("nothing-pending"))
def command(app: App, project: str, *, index: str, expect: str | None, print_workflow: bool) -> None:
    from keyless.journeys.verify import parse_expected, parse_project

    name, version = parse_project(project)
    if version is not None:
        raise UsageError("A preflight is about a project, not about a version.", hint=f"keyless preflight {name}")
    expected = parse_expected(expect) if expect else None
    if print_workflow:
        _print(app, Index(index), name, expected)
        return
    run_async(_preflight(app, Index(index), name, expected))


def _print(app: App, index: Index, name: str, expected: Publisher | None) -> None:
    from keyless.model.publisher import Publisher, pending_page
    from keyless.planning.trial import preflight_workflow

    page = pending_page(app.addresses().index(index).site)
    click.echo(preflight_workflow(index, name, expected or Publisher("", "", ""), page), nl=False)


async def _preflight(app: App, index: Index, name: str, expected: Publisher | None) -> None:
    from keyless.journeys.preflight import preflight
    from keyless.operators.base import ask_yes
    from keyless.render import evidence  # noqa: F401  # registers how its outcome is shown
    from keyless.services.exchange import ExchangeService
    from keyless.services.identity import GitHubJob
    from keyless.services.indexes import IndexService
    from keyless.services.system import SystemClock

    addresses, reporter = app.addresses(), app.reporter()
    job = GitHubJob(addresses)
    job.require()
    if not await ask_yes(app.operator(), question("nothing-pending"), {"index": index.label}):
        raise UsageError("A pending publisher may fit this job, so nothing was minted.", hint="Wait for its release.")
    reporter.banner(f"preflight {name}")
    async with IndexService(index, addresses, SystemClock(None)) as service:
        exchange = ExchangeService(service.wire)
        found = await preflight(service, exchange, job, name, expected, addresses.index(index).site)
    reporter.show(found)
    if app.stats:
        reporter.statistics({index.label: service.requests})
    _end(found)


def _end(found: Preflight | Explanation) -> None:
    """Raise NotProven when the publisher is not right, TryLater when it could not be told."""
    from keyless.model.preflight import Preflight, Reach

    if not isinstance(found, Preflight):
        raise _refused(found)
    if found.reach is Reach.NO:
        raise NotProven(
            f"{found.index.label} knows a publisher for this job, and not for {found.project}: it is registered for "
            "another project only.",
            hint=f"Register it on the settings of {found.project} as well.",
            untouched=_UNTOUCHED,
        )
    if found.reach is Reach.UNKNOWN:
        raise TryLater(
            f"{found.index.label} minted a token for this job, and whether it serves {found.project} could not be "
            f"told: {found.because}.",
            hint="Run the job again later.",
            untouched=_UNTOUCHED,
        )


def _refused(found: Explanation) -> KeylessError:
    from keyless.proofs.refusal import NOT_THE_PUBLISHER, OTHER_RUN

    if found.code not in NOT_THE_PUBLISHER:
        return TryLater("It could not be told.", hint="Run the job again later.", untouched=_UNTOUCHED)
    hint = f"Mend the publisher, if the job is yours: {found.page}"
    if found.code == OTHER_RUN:
        hint = "Run it under the workflow's own file name and in its environment, or correct --expect."
    return NotProven("The index would take no release from this job.", hint=hint, untouched=_UNTOUCHED)
