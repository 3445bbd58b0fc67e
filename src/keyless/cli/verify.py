"""keyless verify: a release on an index, evidence that was kept, or a run that the index refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.errors import NotProven, TryLater, UsageError
from keyless.model.index import Index
from keyless.model.proof import Judgement, Verdict
from keyless.model.publisher import Publisher
from keyless.model.realm import Realm

if TYPE_CHECKING:
    from keyless.model.kept import KeptEvidence

_FOLDER = click.Path(file_okay=False, path_type=Path)
_MOST_TEXT = 1024 * 1024


@declare("Say whether a release really went out without a token.")
@click.argument("project", metavar="[PROJECT[==VERSION]]", required=False)
@click.option("--index", type=click.Choice([i.value for i in Index]), default=Index.PYPI.value, help="Which index.")
@click.option(
    "--expect", metavar="OWNER/REPO[:workflow[@environment]]", help="The publisher that it must have come through."
)
@click.option("--save", type=_FOLDER, metavar="DIR", help="Keep the evidence in this folder.")
@click.option("--from", "kept", type=_FOLDER, metavar="DIR", help="Verify evidence that was kept; needs no network.")
@click.option(
    "--trust-root",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --from: judge by this root instead of the one in the installed sigstore.",
)
@click.option(
    "--explain",
    metavar="RUN|-",
    help="Say why the index refused a run: its address or number, or '-' and a pasted log.",
)
def command(
    app: App,
    project: str | None,
    *,
    index: str,
    expect: str | None,
    save: Path | None,
    kept: Path | None,
    trust_root: Path | None,
    explain: str | None,
) -> None:
    from keyless.journeys.verify import parse_expected, parse_project

    if sum(option is not None for option in (save, kept, explain)) > 1 or (trust_root and kept is None):
        raise UsageError("--save, --from and --explain exclude one another; --trust-root goes with --from.")
    expected = parse_expected(expect) if expect else None
    name, version = parse_project(project) if project else (None, None)
    if kept is not None:
        _kept(app, kept, trust_root, name, expected)
        return
    if name is None:
        raise UsageError("Which project?", hint="keyless verify PROJECT, or --from DIR.")
    if explain is not None:
        run_async(_explain(app, Index(index), name, explain, expected))
        return
    run_async(_verify(app, Index(index), name, version, expected, save))


async def _verify(
    app: App, index: Index, name: str, version: str | None, expected: Publisher | None, save: Path | None
) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys import keeping
    from keyless.journeys.verify import verify
    from keyless.render.evidence import verified_view

    reporter = app.reporter()
    async with open_desk(app, reporter, github_needed=False) as desk:
        reporter.banner(f"verify {name}")
        found = await verify(desk, index, name, version, expected)
        for block in verified_view(found.judgement, found.evidence, found.expectation.publisher):
            reporter.show(block)
        if save is not None:
            keeping.save(save, found, desk.verifiers[index], app.realm, desk.clock.now())
            reporter.next_command(f"keyless verify --from {save}", "verifies it again, with no network")
    _end(found.judgement)


def _kept(app: App, folder: Path, trust_root: Path | None, name: str | None, expected: Publisher | None) -> None:
    from keyless.journeys import keeping
    from keyless.render.evidence import kept_view, verified_view
    from keyless.services.sigstore import SigstoreVerifier
    from keyless.services.system import SystemClock

    kept, now = keeping.load(folder), SystemClock(None).now
    reporter = app.reporter()
    reporter.banner(f"verify {folder}")
    root = trust_root or _root_of(app, kept)
    verifier = SigstoreVerifier(root, kept.release.index, now, refresh=False)
    again = keeping.again(folder, kept, verifier, now(), expected=expected, project=name)
    found = again.verified
    for block in (*verified_view(found.judgement, found.evidence, found.expectation.publisher), *kept_view(again)):
        reporter.show(block)
    _end(found.judgement)


def _root_of(app: App, kept: KeptEvidence) -> Path | None:
    """Return the rehearsal's own root for a rehearsal's evidence; a real one has Sigstore's. The two are never mixed."""
    if kept.realm is not app.realm:
        raise UsageError(
            f"This is evidence of the {kept.realm.value} services, and this run is about the {app.realm.value} ones.",
            hint="Add --rehearsal FOLDER." if kept.realm is Realm.REHEARSAL else "Leave --rehearsal out.",
        )
    return app.addresses().trust_root


async def _explain(app: App, index: Index, name: str, run: str, expected: Publisher | None) -> None:
    from keyless.cli.compose import open_desk
    from keyless.journeys.explain import explain_refusal, text_of_run
    from keyless.render import evidence  # noqa: F401  # registers how an explanation is shown

    reporter = app.reporter()
    async with open_desk(app, reporter, github_needed=run != "-") as desk:
        reporter.banner(f"why was {name} refused?")
        text = sys.stdin.read(_MOST_TEXT) if run == "-" else await text_of_run(desk, run, expected)
        explained = explain_refusal(desk, index, name, text, expected)
        reporter.show(explained)
        reporter.link("Register the publisher that this run needs, if it is yours", explained.page)


def _end(judgement: Judgement) -> None:
    what = f"{judgement.project} {judgement.version or ''} on {judgement.index.label}"
    match judgement.verdict:
        case Verdict.NOT_PROVEN:
            hint = "The table says what would help."
            raise NotProven(f"{what} is not proven to be published without a token.", hint=hint, untouched="")
        case Verdict.CANNOT_TELL:
            raise TryLater(f"It could not be told for {what}.", hint="Try again later.", untouched="")
