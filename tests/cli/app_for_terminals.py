"""A program for a real terminal: asks the questions named on its command line, one after the other, as a command does.

It runs inside `keyless.cli.main.run`, so that errors, signals and exit codes are those of every command.
"""

from __future__ import annotations

import os
import signal
import sys
import types

import click

from keyless.cli import main
from keyless.cli.app import App
from keyless.cli.listing import COMMANDS, Entry
from keyless.cli.running import run_async
from keyless.cli.shared import command
from keyless.operators.question import Choice, Kind
from keyless.operators.questions import question

ABOUT = {
    "secret": "PYPI_TOKEN",
    "place": "PYPI_TOKEN@repository",
    "project": "shap",
    "repository": "shap/shap",
    "index": "PyPI",
    "step": "release.yml/publish@pypi",
    "backup": "0123456789abcdef",
    "grade": "inferred",
}


async def _ask(app: App, identifiers: tuple[str, ...]) -> None:
    operator = app.operator()
    for identifier in identifiers:
        if identifier == "pause":
            await operator.pause("Merge it.")
            continue
        row = question(identifier)
        choices = [Choice("A", "goes"), Choice("B", "goes")] if row.kind is Kind.CHOICES else None
        given = await operator.answer(row, ABOUT, choices=choices)
        app.reporter().note(f"answer: {'secret' if row.secret else given}")


@command("Ask.")
@click.argument("identifiers", nargs=-1)
def ask(app: App, identifiers: tuple[str, ...]) -> None:
    """Ask all of them."""
    app.reporter().banner("asking")
    run_async(_ask(app, identifiers))


def serve() -> None:
    """Run each line of the terminal as a command line, in a process of its own that has all modules already.

    Says "process N" before and "exit N" after each. Signals are for the process, not for whoever starts it.
    """
    import keyless.cli.trouble
    import keyless.operators.wizard
    import keyless.render.terminal  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    sys.stdout.write("ready\n")
    while line := sys.stdin.readline():
        sys.stdout.flush()
        process = os.fork()
        if not process:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            sys.stdout.write(f"process {os.getpid()} begins\n")
            sys.exit(main.run(line.split()))
        sys.stdout.write(f"exit {os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])} ends\n")
        sys.stdout.flush()


if __name__ == "__main__":
    module = types.ModuleType("ask")
    module.command = ask
    sys.modules["ask"] = module
    COMMANDS["ask"] = Entry("Ask.", "ask")
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        sys.exit(main.run(sys.argv[1:]))
