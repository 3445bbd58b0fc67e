"""`keyless token narrow`: a copy that PyPI itself refuses after some days and for other projects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import click

from keyless.cli.answering import options_for
from keyless.cli.app import App
from keyless.cli.handing import PIPE, ask_token, hand_over
from keyless.cli.shared import command as declare
from keyless.operators.questions import question

_SKEW: Final = timedelta(minutes=5)
"""The index's clock may be behind ours."""


@declare("Make a copy of a token that ends by itself and serves named projects only. The token itself keeps its power.")
@options_for(question("token"))
@click.option(
    "--project", "projects", multiple=True, required=True, metavar="NAME", help="A project that it may serve."
)
@click.option("--days", type=click.IntRange(1, 365), default=14, show_default=True, help="After how many days it ends.")
@click.option("--to", required=True, metavar="FILE", help="The new file to write it into, or - for a pipe.")
def command(app: App, projects: tuple[str, ...], days: int, to: str) -> None:
    """Narrow offline, hand the copy over, and show its identity card unless it went into the pipe."""
    from keyless import tokens

    now = datetime.now(UTC)
    narrowed = tokens.narrow(
        ask_token(app), projects=projects, not_before=now - _SKEW, expires_at=now + timedelta(days=days)
    )
    hand_over(narrowed, to)
    if to != PIPE:
        app.reporter().show(tokens.read(narrowed))
