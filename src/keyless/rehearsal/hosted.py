"""A served rehearsal in a child process, for as long as somebody needs it here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from keyless.errors import KeylessError, UsageError

LOG: Final = "serve.log"
TIED: Final = "--tied"
"""The option that ends a server with its standard input: so it ends with us, also when we are killed."""
_PATIENCE: Final = 10


@contextmanager
def hosted(folder: Path, world: str | None) -> Iterator[None]:
    """Serve the rehearsal in `folder` while inside; its addresses stand in its `rehearsal.json`. Always stopped.

    The child has a session of its own: Ctrl-C at the terminal is for the wizard. Raises UsageError with what the server
    said when it does not start.
    """
    command = [sys.executable, "-m", "keyless", "--json", "rehearse", "--serve", TIED, "--keep", str(folder)]
    command += ["--world", world] if world else []
    log = folder / LOG
    with log.open("wb") as errors:
        child = subprocess.Popen(  # noqa: S603  # this very program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
    try:
        if child.stdout is None or not child.stdout.readline():
            raise _reason(log, folder)
        yield
    finally:
        _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()


def _reason(log: Path, folder: Path) -> KeylessError:
    """Return what the server wrote about its end: keyless's own line of JSON, or the last line there is."""
    lines = log.read_text(errors="replace").splitlines()
    try:
        said = json.loads(lines[-1])
        return UsageError(said["what"], hint=said["hint"], untouched=said["untouched"])
    except (IndexError, ValueError, KeyError, TypeError):
        return UsageError(f"The rehearsal in {folder} could not be served.", hint=f"See {log}.")
