"""The composition root: from the global options to a desk with every service, store and operator in its place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from keyless.cli.app import App
from keyless.errors import KeylessError, NotAllowed
from keyless.journal import Journal
from keyless.journeys.desk import Desk
from keyless.journeys.outside import AskOutside, PollOutside, StopOutside
from keyless.journeys.settling import settle
from keyless.model.index import Index
from keyless.model.realm import Realm
from keyless.secret import Secret

if TYPE_CHECKING:
    from keyless.engine import Outside
    from keyless.operators.base import Operator
    from keyless.operators.script import Given
    from keyless.render.reporter import Reporter
    from keyless.services.ports import Clock


@asynccontextmanager
async def open_desk(  # noqa: PLR0913  # the composition root: all but the first two have a default
    app: App,
    reporter: Reporter,
    *,
    playbooks: Sequence[Given] = (),
    last: Operator | None = None,
    github_needed: bool = True,
    journal_needed: bool = True,
    patience: timedelta | None = None,
    wrap: Callable[[Operator], Operator] | None = None,
    journal: Journal | None = None,
) -> AsyncIterator[Desk]:
    """Open everything that a journey needs, and close it again; with --stats, say what it cost.

    `last` replaces whoever answers at the end (a playbook never asks); `patience` is how long to look again for what
    happens outside, None leaves it to the person, or stops at once where there is none. Without `github_needed` a
    missing GitHub token is found out only when GitHub is asked; without `journal_needed` a journal that cannot be used
    (damaged, read-only) is left alone, and this run keeps one of its own beside it. `journal` is one that is open already.
    """
    from keyless.services.github import GitHubService
    from keyless.services.indexes import IndexService
    from keyless.services.sigstore import SigstoreVerifier
    from keyless.services.system import SystemClock
    from keyless.vault import Vault

    addresses = app.addresses()
    async with AsyncExitStack() as stack:
        state = app.state_folder()
        if journal is None:
            state, journal = _open_journal(app, reporter, needed=journal_needed)
            stack.enter_context(journal)
        clock = SystemClock(journal.last_seen())
        vault = Vault(state / "backups", addresses.realm)
        settle(journal, lambda: vault, clock.now())
        github = await stack.enter_async_context(
            GitHubService(addresses, github_token(app, needed=github_needed), clock)
        )
        indexes = {i: await stack.enter_async_context(IndexService(i, addresses, clock)) for i in Index}
        verifiers = {index: SigstoreVerifier(addresses.trust_root, index, clock.now) for index in Index}
        answering = last or app.last()
        desk = Desk(
            addresses=addresses,
            github=github,
            indexes=indexes,
            verifiers=verifiers,
            vault=vault,
            journal=journal,
            clock=clock,
            observer=reporter,
            given=app.scripts(*playbooks),
            last=answering,
            outside=_outside(answering, clock, patience),
            state=state,
            holder=f"{app.going_on}, process {os.getpid()}",
            wrap=wrap or (lambda operator: operator),
        )
        try:
            yield desk
        finally:
            journal.saw(clock.lasting())
            if app.stats:
                reporter.statistics({"GitHub": github.requests} | {i.label: indexes[i].requests for i in Index})


def _open_journal(app: App, reporter: Reporter, *, needed: bool) -> tuple[Path, Journal]:
    from keyless.services.system import prepare

    try:
        state = prepare(app.state_folder())
        return state, Journal.open(state, app.realm)
    except KeylessError as error:
        if needed:
            raise
        spare = Path(tempfile.mkdtemp(prefix="keyless-"))
        reporter.warning(f"{error.what} It was left as it is; what this run does is written down in {spare}.")
        return spare, Journal.open(spare, app.realm)


def _outside(answering: Operator, clock: Clock, patience: timedelta | None) -> Outside:
    if patience is not None:
        return PollOutside(clock, patience)
    return AskOutside(answering) if answering.interactive else StopOutside()


def github_token(app: App, *, needed: bool) -> Secret:
    """Return the token for GitHub: that of the rehearsal's operator, or the one of this machine.

    Raises NotAllowed when there is none and it is needed; otherwise it is empty, and GitHub refuses it.
    """
    if app.rehearsal is not None:
        from keyless.rehearsal.connection import load_rehearsal

        return load_rehearsal(app.rehearsal).github_token()
    from keyless.services.system import find_github_token

    try:
        return find_github_token(Realm.REAL).token
    except NotAllowed:
        if needed:
            raise
        return Secret("")
