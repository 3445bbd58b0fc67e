"""What every uploading tool's file offers, and what it is given to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from keyless.model.workflow import Place, Target
from keyless.workflows.scope import Binding, Scope
from keyless.workflows.shape import ActionRef
from keyless.workflows.shell import Command, Word, base_name, commands, program


@dataclass(frozen=True, slots=True)
class Given:
    """A credential as it is handed to an upload. `how`: "with", "env", "option", "file" or "config"."""

    role: str
    how: str

    name: str

    binding: Binding


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload that a step makes. `command` is the shell command that makes it, None for an action.

    `form` says in which way the tool is used ("action", "command", "script"): what can be rewritten depends on it.
    """

    tool: str
    target: Target
    given: tuple[Given, ...]
    form: str
    command: Command | None = None
    project: str | None = None
    folder: str | None = None
    address: Binding | None = None
    """What names the index, where something does."""


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as a tool sees it: an action with inputs, or a script's commands, and the variables in scope."""

    uses: ActionRef | None
    inputs: Mapping[str, Binding]
    scope: Scope
    place: Place
    script: str = ""
    at: Callable[[int], Place] | None = None
    """Turns an offset in the script into a place."""
    ran: tuple[Command, ...] | None = None
    """The script's commands with those of the repository's scripts that it runs; None where it runs none of them."""

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that run. A script is cut into commands only when somebody asks for them."""
        return commands(self.script) if self.ran is None else self.ran

    @property
    def followed(self) -> Iterator[Command]:
        """The commands of the repository's own scripts."""
        return (command for command in self.ran or () if command.origin)

    def variable(self, *names: str) -> Binding | None:
        """Return the first of these environment variables that is set."""
        return next((self.scope.env[name] for name in names if name in self.scope.env), None)

    def word(self, word: Word) -> Binding:
        """Return a shell word as a value in this step's scope."""
        return Binding(word.text, self.place_of(word), "step", self.scope, expands=not word.literal)

    def place_of(self, word: Word) -> Place:
        """Return where a word of the script stands: at its expression, if it has one."""
        if self.at is None or not word.end:
            return self.place
        expression = self.script.find("${{", word.start, word.end)
        return self.at(expression if expression >= 0 else word.start)

    def programs(self, *names: str) -> Iterable[tuple[Command, tuple[Word, ...], StepView]]:
        """Yield the commands that run one of these programs: the command, its words, and the step as it sees it."""
        if self.ran is None and not any(name in self.script.lower() for name in names):
            return
        for command in self.commands:
            words = program(command)
            if words and base_name(words[0].text) in names:
                own = {name: self.word(word) for name, word in command.assignments if command.words}
                yield command, words, replace(self, scope=self.scope.with_env(own))


class Tool(Protocol):
    """A tool that uploads to an index. One file each in this folder."""

    @property
    def name(self) -> str: ...

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield the uploads that this tool makes in a step."""
        ...


def given(role: str, how: str, name: str, binding: Binding | None) -> tuple[Given, ...]:
    """Return one credential as a tuple, or none: so that several can be added up."""
    return () if binding is None else (Given(role, how, name, binding),)
