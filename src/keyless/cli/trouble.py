"""How an error is shown: what happened, what was left untouched, what to do. Once, on stderr, never with locals."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path

import click

from keyless import __version__
from keyless.cli.app import App
from keyless.errors import DOCS, KeylessError, OperatorStopped, TryLater
from keyless.model.codec import Json
from keyless.model.text import clean


def show_error(app: App, error: KeylessError) -> int:
    """Write `error` to stderr, as JSON with --json, and return its exit code."""
    goes_on = app.going_on if isinstance(error, (OperatorStopped, TryLater)) and app.arguments else ""
    if _wants_json(app):
        _write_json(app, error, goes_on)
        return error.exit_code
    lines = [error.untouched, _hint(app, error)]
    lines.append(f"Go on with: {goes_on}" if goes_on else "")
    lines.append(f"More: {DOCS}/{error.page}" if app.verbose else "")
    _write(app, error.what, lines)
    return error.exit_code


def show_bug(app: App, bug: Exception) -> int:
    """Write where an unforeseen exception came from, neither its text nor any value; return 1."""
    where = _place(bug)
    what = f"This is a bug in keyless: {type(bug).__name__} at {where}."
    lines = [
        "What was done so far is in the journal; the same command goes on from there.",
        f"Please report it to the project with this line: keyless {__version__}, {type(bug).__name__} at {where}.",
    ]
    if app.verbose:
        lines += [line for frame in traceback.format_tb(bug.__traceback__) for line in frame.rstrip().split("\n")]
    if _wants_json(app):
        _write_json(app, KeylessError(what, untouched=lines[0], hint=lines[1]), "")
    else:
        _write(app, what, lines)
    return KeylessError.exit_code


def _hint(app: App, error: KeylessError) -> str:
    """Commands to copy name this run's services and state; `keyless rehearse` takes neither."""
    return re.sub(r"`keyless (?=\w)(?!rehearse\b)", lambda _: f"`{app.program} ", error.hint)


def _wants_json(app: App) -> bool:
    """Also when the command line could not be read as far as --json."""
    return app.json or "--json" in app.arguments


def _write(app: App, what: str, lines: list[str]) -> None:
    head = click.style("keyless:", fg="red", bold=True) if sys.stderr.isatty() and not app.no_color else "keyless:"
    body = "".join(f"\n  {clean(line)}" for line in lines if line)
    sys.stderr.write(f"{head} {clean(what, lines=True)}{body}\n")
    sys.stderr.flush()


def _write_json(app: App, error: KeylessError, goes_on: str) -> None:
    from keyless.render.jsonlines import json_line

    retry_at = error.retry_at if isinstance(error, TryLater) else None
    fields: dict[str, Json] = {
        "error": type(error).__name__,
        "exit_code": error.exit_code,
        "what": error.what,
        "untouched": error.untouched,
        "hint": _hint(app, error),
        "retry_at": retry_at,
        "go_on": goes_on or None,
        "page": f"{DOCS}/{error.page}",
    }
    sys.stderr.write(json_line(app.realm, "error", fields))
    sys.stderr.flush()


def _place(bug: Exception) -> str:
    frames = traceback.extract_tb(bug.__traceback__)
    ours = [frame for frame in frames if "keyless" in Path(frame.filename).parts] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "an unknown place"
