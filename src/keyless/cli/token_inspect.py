"""`keyless token inspect`: a token's identity card, offline."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.handing import ask_token
from keyless.cli.shared import command as declare
from keyless.errors import NeedsAttention
from keyless.model.index import Index
from keyless.operators.questions import question


@declare("Show a token's identity card, offline. With --index, say what is odd about it.")
@options_for(question("token"))
@click.option("--index", type=click.Choice([index.value for index in Index]), help="The index that it should be for.")
@click.option("--project", "projects", multiple=True, metavar="NAME", help="A project that it should serve.")
def command(app: App, index: str | None, projects: tuple[str, ...]) -> None:
    """Read the token and show what its text says; nothing is sent anywhere."""
    from keyless import tokens

    card = tokens.read(ask_token(app))
    reporter = app.reporter()
    reporter.show(card)
    if index is None:
        return
    found = tokens.concerns(card, index=Index(index), projects=projects, now=datetime.now(UTC))
    reporter.show(found)
    if any(concern.fatal for concern in found):
        raise NeedsAttention("This token cannot serve as expected.", hint="See above for what to do about it.")
