"""uv: `uv publish` with `--token`, UV_PUBLISH_TOKEN, `--password` or UV_PUBLISH_PASSWORD; else trusted, "automatic"."""

from __future__ import annotations

from collections.abc import Iterable

from keyless.workflows.scope import Binding
from keyless.workflows.shell import Word, option
from keyless.workflows.targets import target
from keyless.workflows.tools.base import Given, StepView, Upload, given


class Uv:
    """Astral's package manager."""

    name = "uv"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for each `uv publish`."""
        for command, words, view in step.programs("uv"):
            if "publish" in (word.text for word in words[1:4]) and "--dry-run" not in command.texts:
                form = "script" if command.origin else "command"
                where = _address(view, words)
                yield Upload(self.name, target(where), _credentials(view, words), form, command, address=where)


def _credentials(view: StepView, words: tuple[Word, ...]) -> tuple[Given, ...]:
    found: tuple[Given, ...] = ()
    for role, names, variable in (
        ("password", ("-t", "--token"), "UV_PUBLISH_TOKEN"),
        ("password", ("-p", "--password"), "UV_PUBLISH_PASSWORD"),
        ("username", ("-u", "--username"), "UV_PUBLISH_USERNAME"),
    ):
        word = option(words, *names)
        if word:
            found += given(role, "option", names[1], view.word(word))
        else:
            found += given(role, "env", variable, view.variable(variable))
    return found


def _address(view: StepView, words: tuple[Word, ...]) -> Binding | None:
    for name, variable in (("--publish-url", "UV_PUBLISH_URL"), ("--index", "UV_PUBLISH_INDEX")):
        word = option(words, name)
        binding = view.word(word) if word else view.variable(variable)
        if binding is not None and binding.text:
            return binding
    return None
