"""Tools whose only credential is in the environment or an option, and whose publishing is one command each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keyless.workflows.scope import Binding
from keyless.workflows.shell import Command, Word, option
from keyless.workflows.targets import target
from keyless.workflows.tools.base import Given, StepView, Upload, given


@dataclass(frozen=True, slots=True)
class CommandTool:
    """A command with its options and variables. Each tuple is tried in order; options come before variables."""

    name: str
    programs: tuple[str, ...]
    verbs: tuple[str, ...]
    password_options: tuple[str, ...] = ()
    password_variables: tuple[str, ...] = ()
    username_options: tuple[str, ...] = ()
    username_variables: tuple[str, ...] = ()
    index_options: tuple[str, ...] = ()
    index_variables: tuple[str, ...] = ()

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for each of the tool's publishing commands."""
        for command, words, view in step.programs(*self.programs):
            if self.publishes(words):
                form = "script" if command.origin else "command"
                where = self.address(view, words)
                yield Upload(self.name, target(where), self.credentials(view, words), form, command, address=where)

    def publishes(self, words: tuple[Word, ...]) -> bool:
        """Whether the command uploads."""
        return any(word.text in self.verbs for word in words[1:5]) and "--dry-run" not in {w.text for w in words}

    def credentials(self, view: StepView, words: tuple[Word, ...]) -> tuple[Given, ...]:
        """Return the password and the user name, as far as they are given."""
        return pick(view, words, "password", self.password_options, self.password_variables) + pick(
            view, words, "username", self.username_options, self.username_variables
        )

    def address(self, view: StepView, words: tuple[Word, ...]) -> Binding | None:
        """Return what names the index that the command uploads to."""
        word = option(words, *self.index_options)
        return view.word(word) if word else view.variable(*self.index_variables)


def pick(
    view: StepView, words: tuple[Word, ...], role: str, options: tuple[str, ...], variables: tuple[str, ...]
) -> tuple[Given, ...]:
    """Return one credential: from an option, else from the first variable that is set."""
    word = option(words, *options)
    if word:
        return given(role, "option", options[-1], view.word(word))
    name = next((name for name in variables if view.variable(name)), "")
    return given(role, "env", name, view.variable(name))


def form_of(command: Command) -> str:
    """Return the form of an upload made by a command."""
    return "script" if command.origin else "command"
