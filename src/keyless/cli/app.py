"""What a command is run with: the global options, and from them the realm, the reporter and whoever answers."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from keyless.model.realm import REAL, Addresses, Realm

if TYPE_CHECKING:  # start-up is measured: rich, questionary and pydantic wait until something is shown or asked
    from keyless.operators.base import Operator
    from keyless.operators.script import Given, ScriptOperator
    from keyless.render.reporter import Reporter
    from keyless.secret import Secret
    from keyless.vault import Vault


@dataclass(slots=True)
class App:
    """One run. The options' callbacks fill it; commands read it."""

    arguments: tuple[str, ...] = ()
    rehearsal: Path | None = None
    state: Path | None = None
    json: bool = False
    quiet: bool = False
    verbose: int = 0
    no_color: bool = False
    stats: bool = False
    given: dict[str, dict[str, object]] = field(default_factory=dict)
    """The answers that flags gave: by question, then by name ("" for all)."""
    resume: str = ""
    """The command that goes on from here, when it is not this same one."""

    rehearsing: bool = False
    """`keyless rehearse` itself: a rehearsal without a folder of addresses."""

    @property
    def realm(self) -> Realm:
        """Whether this run talks to a rehearsal. Only the command line decides, never the environment."""
        return Realm.REHEARSAL if self.rehearsing or self.rehearsal is not None else Realm.REAL

    @property
    def going_on(self) -> str:
        """The command to go on with after a stop."""
        return self.resume or shlex.join(["keyless", *self.arguments])

    @property
    def program(self) -> str:
        """How another command of this run's services and state begins."""
        folders = (("--rehearsal", self.rehearsal), ("--state", self.state))
        return shlex.join(["keyless", *(word for flag, folder in folders if folder for word in (flag, str(folder)))])

    def addresses(self) -> Addresses:
        """Return every host of this run. Raises UsageError when the rehearsal's folder does not hold them."""
        if self.rehearsal is None:
            return REAL
        from keyless.rehearsal.connection import load_rehearsal

        return load_rehearsal(self.rehearsal).addresses

    def state_folder(self) -> Path:
        """Return the folder of journal and backups; a rehearsal's lies in the rehearsal. It need not exist."""
        if self.state is not None:
            return self.state.absolute()
        if self.rehearsal is not None:
            from keyless.rehearsal.connection import STATE, require_rehearsal

            require_rehearsal(self.rehearsal)
            return self.rehearsal.absolute() / STATE
        from keyless.services.system import state_folder

        return state_folder(self.realm)

    def vault(self) -> Vault:
        """Return the backups of this run's realm."""
        from keyless.vault import Vault

        return Vault(self.state_folder() / "backups", self.realm)

    def reporter(self) -> Reporter:
        """Return who shows things: JSON if asked for, colours on a terminal, plain text otherwise."""
        if self.json:
            from keyless.render.jsonlines import JsonReporter

            return JsonReporter(sys.stdout, self.realm, program=self.program)
        from keyless.render.plain import LineReporter, PlainPaper

        if not sys.stdout.isatty():
            return LineReporter(PlainPaper(sys.stdout), self.realm, quiet=self.quiet, program=self.program)
        from keyless.render.terminal import TerminalPaper

        return LineReporter(
            TerminalPaper(sys.stdout, colour=not self.no_color), self.realm, quiet=self.quiet, program=self.program
        )

    def scripts(self, *playbooks: Given) -> tuple[ScriptOperator, ...]:
        """Return the answers given beforehand, the strongest first: flags, then playbooks'."""
        from keyless.operators.script import ScriptOperator

        return tuple(ScriptOperator(given, self.read_secret) for given in (self.given, *playbooks))

    def last(self) -> Operator:
        """Return who answers what was not given: a person at a terminal, otherwise nobody (defaults count)."""
        from keyless.operators.script import ScriptOperator

        if self.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            return ScriptOperator({}, self.read_secret)
        from keyless.operators.wizard import WizardOperator

        return WizardOperator(self.realm, colour=not self.no_color)

    def operator(self, playbooks: Sequence[Given] = ()) -> Operator:
        """Return all who answer, as one."""
        from keyless.operators.layered import LayeredOperator

        operator = self.last()
        for script in reversed(self.scripts(*playbooks)):
            operator = LayeredOperator(script, operator)
        return operator

    def read_secret(self, source: str) -> Secret:
        """Read a secret from env:NAME, file:PATH, fd:N or stdin."""
        from keyless.services.system import read_secret

        return read_secret(source)
