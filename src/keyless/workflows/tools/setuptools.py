"""setuptools' own upload, `setup.py upload`: PyPI has refused it since 2018 without ~/.pypirc or a token there."""

from __future__ import annotations

from collections.abc import Iterable

from keyless.model.workflow import Target
from keyless.workflows.shell import option
from keyless.workflows.targets import target
from keyless.workflows.tools.base import Given, StepView, Upload, given
from keyless.workflows.tools.twine import PYPIRC_PASSWORD, PYPIRC_USERNAME


class Setuptools:
    """`python setup.py … upload`."""

    name = "setuptools"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for each `setup.py … upload`."""
        for command in step.commands:
            texts = command.texts
            if "upload" not in texts or not any(text.endswith("setup.py") for text in texts):
                continue
            word = option(command.words, "-r", "--repository")
            yield Upload(
                self.name,
                target(step.word(word)) if word else Target.PYPI,
                given("password", "file", "~/.pypirc", step.variable(PYPIRC_PASSWORD))
                + given("username", "file", "~/.pypirc", step.variable(PYPIRC_USERNAME))
                + _for_twine(step, command.texts),
                "script" if command.origin else "command",
                command,
            )


def _for_twine(step: StepView, texts: tuple[str, ...]) -> tuple[Given, ...]:
    """An `upload` of the project's own setup.py runs twine, which reads these variables; setuptools' own does not."""
    if {"sdist", "bdist_wheel", "bdist"} & set(texts):
        return ()
    password, username = step.variable("TWINE_PASSWORD"), step.variable("TWINE_USERNAME")
    return given("password", "env", "TWINE_PASSWORD", password) + given("username", "env", "TWINE_USERNAME", username)
