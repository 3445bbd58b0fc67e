"""What several small commands share: asking for a token, and handing a secret over in a file or a pipe."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from keyless import files
from keyless.cli.app import App
from keyless.cli.running import run_async
from keyless.errors import UsageError
from keyless.operators.base import ask_secret
from keyless.operators.questions import question
from keyless.secret import Secret

PIPE: Final = "-"


def ask_token(app: App) -> Secret:
    """Return the token that the command is about, from its flag or a hidden prompt."""
    return run_async(ask_secret(app.operator(), question("token"), {"secret": "this command"}))


def hand_over(secret: Secret, to: str) -> None:
    """Write a secret into a new file that only its owner reads, or into a pipe; never onto a terminal."""
    if to != PIPE:
        write_new(Path(to), secret.reveal().encode() + b"\n")
        return
    if sys.stdout.isatty():
        raise UsageError(
            "Standard output is a terminal, on which the secret would be seen.", hint="Pipe it, or name a file."
        )
    sys.stdout.write(f"{secret.reveal()}\n")


def write_new(path: Path, data: bytes) -> None:
    """Write a new file (0600) durably. Raises UsageError where there is one already."""
    try:
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise files.trouble(error, f"use the folder {path.parent}") from None
    try:
        files.write(handle, path.name, data, replace=False)
    finally:
        os.close(handle)
