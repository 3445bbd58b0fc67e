"""twine: `twine upload` with `-p`, TWINE_PASSWORD or ~/.pypirc; trusted from 6.1 on when none is given."""

from __future__ import annotations

from collections.abc import Iterable

from keyless.workflows.scope import Binding
from keyless.workflows.shell import Word, option
from keyless.workflows.targets import target
from keyless.workflows.tools.base import Given, StepView, Upload, given

PYPIRC_PASSWORD = "~/.pypirc password"
PYPIRC_USERNAME = "~/.pypirc username"


class Twine:
    """The uploader that most scripts call."""

    name = "twine"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for each `twine upload`."""
        for command, words, view in step.programs("twine"):
            if "upload" in (word.text for word in words[1:4]):
                where = address(view, words)
                form = "script" if command.origin else "command"
                yield Upload(self.name, target(where), credentials(view, words), form, command, address=where)


def credentials(view: StepView, words: tuple[Word, ...]) -> tuple[Given, ...]:
    """Return what twine takes: an option before the environment, the environment before the file."""
    password, username = option(words, "-p", "--password"), option(words, "-u", "--username")
    password_given = (
        given("password", "option", "--password", view.word(password))
        if password
        else given("password", "env", "TWINE_PASSWORD", view.variable("TWINE_PASSWORD"))
        or given("password", "file", "~/.pypirc", view.variable(PYPIRC_PASSWORD))
    )
    username_given = (
        given("username", "option", "--username", view.word(username))
        if username
        else given("username", "env", "TWINE_USERNAME", view.variable("TWINE_USERNAME"))
        or given("username", "file", "~/.pypirc", view.variable(PYPIRC_USERNAME))
    )
    return password_given + username_given


def address(view: StepView, words: tuple[Word, ...]) -> Binding | None:
    """Return what names the index: an address before a name, an option before the environment."""
    for names, variable in (
        (("--repository-url",), "TWINE_REPOSITORY_URL"),
        (("-r", "--repository"), "TWINE_REPOSITORY"),
    ):
        word = option(words, *names)
        binding = view.word(word) if word else view.variable(variable)
        if binding is not None and binding.text:
            return binding
    return None
