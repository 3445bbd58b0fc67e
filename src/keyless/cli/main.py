"""Runs one command line. The only place that catches KeylessError, and the last one for everything else."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TextIO

import click
from click.exceptions import Exit

from keyless import __version__
from keyless.cli.app import App
from keyless.cli.hardening import no_core_dumps
from keyless.cli.lazy import LazyGroup
from keyless.cli.listing import COMMANDS
from keyless.errors import KeylessError, OperatorStopped, UsageError

_HELP = (
    "keyless takes a Python project from PyPI API tokens to trusted publishing and cleans up behind it: "
    "it proves that a release went out without a token, removes the token, and keeps a way back meanwhile."
)


def keyless() -> click.Group:
    """Return the whole command line."""
    group = LazyGroup(
        "keyless", COMMANDS, first=True, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]}
    )
    return click.version_option(__version__, message="keyless %(version)s")(group)


def run(arguments: Sequence[str]) -> int:
    """Run `arguments` (without the program's name) and return the exit code. Shows each error once, on stderr."""
    app = App(arguments=tuple(arguments))
    _prepare()
    try:
        return _invoke(app)
    except BrokenPipeError:
        return _closed()
    except KeylessError as error:
        from keyless.cli.trouble import show_error

        return show_error(app, error)
    except Exception as bug:  # noqa: BLE001  # the last net: shown without locals, which may hold a secret
        return _unforeseen(app, bug)


def _unforeseen(app: App, bug: Exception) -> int:
    from keyless.cli.trouble import show_bug, show_error

    if isinstance(bug, OSError) and bug.errno == errno.ENOSPC:  # the output goes into a file, and its disk is full
        from keyless.files import trouble

        full = trouble(bug, "write")
        full.untouched = "What was done so far is in the journal."
        return show_error(app, full)
    return show_bug(app, bug)


def _invoke(app: App) -> int:
    """Run the command. Click's own exceptions and the keyboard's become ours."""
    group = keyless()
    try:
        with group.make_context("keyless", list(app.arguments), obj=app) as context:
            group.invoke(context)
    except Exit as exit_:
        return exit_.exit_code
    except click.ClickException as wrong:
        raise _usage(wrong) from None
    except (KeyboardInterrupt, EOFError, click.Abort):
        raise OperatorStopped("Stopped.", untouched="Nothing is half done.") from None
    finally:
        sys.stdout.flush()
    return 0


def _usage(wrong: click.ClickException) -> UsageError:
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    path = context.command_path if context else "keyless"
    return UsageError(wrong.format_message(), hint=f"See '{path} --help'.")


def _prepare() -> None:
    no_core_dumps()
    sys.stdout, sys.stderr = (stream or _nowhere() for stream in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(signal.getsignal(signal.SIGTERM), signal.Handlers):
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGHUP, _stop)


def _nowhere() -> TextIO:
    """Stand in for a stream that was closed before we began, so that its number is not given to the journal's file."""
    return Path(os.devnull).open("w", encoding="utf-8")


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # signal's signature
    raise KeyboardInterrupt


def _closed() -> int:
    """Whoever read our output went away: nothing can be said any more, and the interpreter must not try."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OperatorStopped.exit_code
