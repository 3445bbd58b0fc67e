"""Reading a secret from where the user says it is: env:NAME, file:PATH, fd:N or stdin. Never from an argument."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from keyless.errors import UsageError
from keyless.secret import Secret

LARGEST: Final = 64 * 1024
_DIGITS: Final = 8
_FORMS: Final = "Write env:NAME, file:PATH, fd:NUMBER or stdin."


def read_secret(source: str, *, environment: Mapping[str, str] | None = None, stdin: BinaryIO | None = None) -> Secret:
    """Return the secret that `source` names, without one newline at its end.

    Raises UsageError when it is missing, empty, too long, no UTF-8 text, or in a file that everybody may read. The
    message names the source, never what was read; nor does it repeat a `source` of an unknown form, for that may be
    the secret itself.
    """
    kind, _, rest = source.partition(":")
    match kind:
        case "env" if rest:
            return _from_environment(rest, os.environ if environment is None else environment)
        case "file" if rest:
            return _from_file(Path(rest))
        case "fd" if rest.isascii() and rest.isdigit() and len(rest) < _DIGITS:
            return _from_descriptor(int(rest))
        case "stdin" if not rest:
            return _from_stdin(stdin)
        case _:
            raise UsageError("The place to read the secret from is not understood.", hint=_FORMS)


def _from_environment(name: str, environment: Mapping[str, str]) -> Secret:
    if name not in environment:
        raise UsageError(f"The environment variable {name} is not set.", hint="Set it, or name another place.")
    return _secret(environment[name].encode("utf-8", "surrogateescape"), f"the environment variable {name}")


def _from_file(path: Path) -> Secret:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise UsageError(f"The file {path} cannot be read: {error.strerror}.", hint="Check the path.") from error
    found = os.fstat(descriptor)
    if stat.S_ISDIR(found.st_mode):
        os.close(descriptor)
        raise UsageError(f"{path} is a folder.", hint="Name a file.")
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_ISREG(found.st_mode) and found.st_mode & stat.S_IROTH:
            raise UsageError(f"Everybody on this machine may read {path}.", hint=f"Run: chmod 600 {path}")
        return _secret(_read(file, f"the file {path}"), f"the file {path}")


def _from_descriptor(number: int) -> Secret:
    what = f"file descriptor {number}"
    try:
        with os.fdopen(number, "rb", closefd=False) as file:
            return _secret(_read(file, what), what)
    except OSError as error:
        raise UsageError(f"There is nothing to read at {what}.", hint="Open it for keyless, as in 3< FILE.") from error


def _from_stdin(stdin: BinaryIO | None) -> Secret:
    stream = sys.stdin.buffer if stdin is None else stdin
    if stream.isatty():
        raise UsageError("Standard input is a terminal, on which the secret would be seen.", hint="Pipe it in.")
    return _secret(_read(stream, "standard input"), "standard input")


def _read(stream: BinaryIO, what: str) -> bytes:
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageError(f"There is more in {what} than a secret has.", hint="Check that it is the right one.")
    return data


def _secret(data: bytes, what: str) -> Secret:
    for newline in (b"\r\n", b"\n"):
        if data.endswith(newline):
            data = data[: -len(newline)]
            break
    if not data:
        raise UsageError(f"There is nothing in {what}.", hint="Check that it is the right one.")
    try:
        return Secret(data.decode())
    except UnicodeDecodeError:
        # Not chained: the error holds the bytes.
        raise UsageError(f"What is in {what} is no text.", hint="Check that it is the right one.") from None
