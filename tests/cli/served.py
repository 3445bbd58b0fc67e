"""keyless in this process against services in another one: whole journeys, command by command, with coverage."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

from keyless.cli.main import run
from tests.e2e.served import Ran, Served, read


@contextmanager
def environment(wanted: dict[str, str]) -> Iterator[None]:
    """Set the whole environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Town(Served):
    """A served rehearsal whose visitors run in this process."""

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> Ran:
        return self.say("--json", *arguments, told=environment)

    def say(self, *arguments: str, told: dict[str, str] | None = None) -> Ran:
        """Run without --json; `raw` is what was written."""
        out, err = io.StringIO(), io.StringIO()
        with (
            environment_of(told or self.environment()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run(["--rehearsal", str(self.folder), *map(str, arguments)])
        return read(code, out.getvalue(), err.getvalue())

    def rows(self, ran: Ran, kind: str) -> list[list[str]]:
        """Return the rows of the one table of this kind."""
        (table,) = (event for event in ran.events if event.get("table") == kind or event.get("kind") == kind)
        return table["rows"]


environment_of = environment
