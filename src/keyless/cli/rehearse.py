"""`keyless rehearse`: the whole journey on simulated services, played here or served for other programs."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.cli.shared import command as declare
from keyless.errors import UsageError

if TYPE_CHECKING:
    from keyless.model.table import Table

_HELP = """Play the whole journey on simulated GitHub, PyPI and TestPyPI.

On a terminal you play it yourself, with the real wizard; without one, or with --auto, it plays by itself. Nothing real
is touched.
With --serve the services run until they are stopped, and one line of JSON says where: use them from another terminal
with `keyless --rehearsal FOLDER …`.
"""


@declare(_HELP)
@click.option("--world", metavar="NAME|FILE", help="Which world; --list shows those that come with keyless.")
@click.option("--list", "listing", is_flag=True, help="List the worlds and end.")
@click.option("--auto", is_flag=True, help="Answer by itself, also on a terminal.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Keep the rehearsal here."
)
@click.option("--serve", "serving", is_flag=True, help="Only run the services, on loopback, until stopped.")
@click.option("--tls", is_flag=True, help="Serve over TLS, with a certificate authority made for it.")
@click.option("--tied", is_flag=True, hidden=True, help="Stop when standard input is closed.")
@click.option(
    "--port", type=click.IntRange(0, 65_531), help="The first of the five ports to serve on; 0: any free ones."
)
def command(app: App, *, listing: bool, serving: bool, **options: Any) -> None:  # noqa: ANN401  # click's values
    """Do what the options say."""
    if app.rehearsal is not None:
        raise UsageError(
            "`rehearse` makes a rehearsal of its own.", hint="Leave --rehearsal out; --keep names its folder."
        )
    if listing:
        app.reporter().table(_worlds())
    elif serving:
        _serve(**options)
    else:
        _play(app, **options)


def _serve(*, world: str | None, auto: bool, keep: Path | None, tls: bool, port: int | None, tied: bool) -> None:
    if auto:
        raise UsageError("--auto answers in a journey, and --serve plays none.", hint="Leave one of them out.")
    from keyless.rehearsal.serve import serve

    if tied:
        threading.Thread(target=_end_with_input, daemon=True).start()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keyless-rehearsal-")))
        serve(folder, _announce, world=world, port=port or 0, tls=tls)


def _end_with_input() -> None:
    """Stop this process when whoever started it is gone."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _play(
    app: App, *, world: str | None, auto: bool, keep: Path | None, tls: bool, port: int | None, tied: bool
) -> None:
    if tls or port is not None or tied:
        raise UsageError("--tls and --port belong to --serve.", hint="Add --serve, or leave them out.")
    from keyless.rehearsal.play import play

    app.rehearsing = True
    if not auto and app.last().interactive:
        _guide(app, world, keep)
    else:
        play(app.reporter(), world=world, keep=keep)


def _guide(app: App, world: str | None, keep: Path | None) -> None:
    """Let the person at the terminal play, against services in a process of their own; their folder is kept."""
    from keyless.cli.compose import open_desk
    from keyless.operators.wizard import WizardOperator
    from keyless.rehearsal.connection import STORE_FILE
    from keyless.rehearsal.folder import open_store
    from keyless.rehearsal.guided import guide
    from keyless.rehearsal.hosted import hosted
    from keyless.rehearsal.play import DEFAULT_WORLD

    folder = (keep or Path(tempfile.mkdtemp(prefix="keyless-rehearsal-"))).absolute()
    fresh = not (folder / STORE_FILE).exists()
    open_store(folder).close()
    app.resume = shlex.join(["keyless", "rehearse", "--keep", str(folder)])
    reporter = app.reporter()
    wizard = WizardOperator(app.realm, colour=not app.no_color)
    with hosted(folder, world or (DEFAULT_WORLD if fresh else None)):
        app.rehearsal = folder
        run_async(guide(folder, reporter, wizard, lambda operator: open_desk(app, reporter, last=operator)))


def _worlds() -> Table:
    from keyless.model.table import Table
    from keyless.rehearsal.world_file import read_world, shipped

    worlds = [read_world(name) for name in shipped()]
    rows = tuple((world.name, world.title, ", ".join(world.repositories)) for world in worlds)
    return Table("worlds", "Worlds to rehearse in", ("world", "what it is", "repositories"), rows)
