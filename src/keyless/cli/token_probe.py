"""`keyless token probe`: does the index know this token? Nothing is uploaded or created."""

from __future__ import annotations

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.handing import ask_token
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.errors import TryLater, UsageError
from keyless.model.index import Index
from keyless.model.token import Life, Probe
from keyless.operators.questions import question
from keyless.secret import Secret


@declare("Ask the token's own index whether it knows it, with an empty form: nothing is uploaded or created.")
@options_for(question("token"))
def command(app: App) -> None:
    """Probe the index that the token itself names; it is sent nowhere else."""
    from keyless import tokens

    token = ask_token(app)
    index = tokens.read(token).index
    if index is None:
        raise UsageError("This token is of neither PyPI nor TestPyPI, so it is sent nowhere.")
    probe = run_async(_probe(app, index, token))
    app.reporter().show(probe)
    if probe.life is Life.UNKNOWN:
        raise TryLater("Could not tell whether the token lives.", hint="Try again when the index answers.")


async def _probe(app: App, index: Index, token: Secret) -> Probe:
    from keyless.services.indexes import IndexService
    from keyless.services.system import SystemClock

    async with IndexService(index, app.addresses(), SystemClock()) as service:
        probe = await service.probe(token)
    if app.stats:
        app.reporter().statistics({index.label: service.requests})
    return probe
