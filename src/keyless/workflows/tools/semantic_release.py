"""python-semantic-release: its action with `pypi_token`, or its command with PYPI_TOKEN or REPOSITORY_PASSWORD.

Version 8 (2023) dropped uploading to PyPI; the inputs then do nothing, yet the secret is still handed over.
"""

from __future__ import annotations

from collections.abc import Iterable

from keyless.model.workflow import Target
from keyless.workflows.tools.base import Given, StepView, Upload, given

ACTIONS = frozenset(
    {
        "relekang/python-semantic-release",
        "python-semantic-release/python-semantic-release",
        "python-semantic-release/upload-to-gh-release",
        "python-semantic-release/publish-action",
    }
)
_INPUTS = (
    ("password", "pypi_token"),
    ("password", "repository_password"),
    ("username", "pypi_username"),
    ("password", "pypi_password"),
    ("username", "repository_username"),
)
_VARIABLES = (
    ("password", "PYPI_TOKEN"),
    ("password", "REPOSITORY_PASSWORD"),
    ("password", "PYPI_PASSWORD"),
    ("username", "PYPI_USERNAME"),
    ("username", "REPOSITORY_USERNAME"),
)


class SemanticRelease:
    """Versions, changelog and upload in one program."""

    name = "python-semantic-release"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload where a credential of PyPI is handed to it."""
        if step.uses is not None and step.uses.name in ACTIONS:
            found = tuple(g for role, name in _INPUTS for g in given(role, "with", name, step.inputs.get(name)))
            found += _from_environment(step)
            if found:
                yield Upload(self.name, Target.PYPI, found, "action")
        for command, words, view in step.programs("semantic-release", "semantic_release"):
            found = _from_environment(view)
            if found and "publish" in (word.text for word in words[1:]):
                yield Upload(self.name, Target.PYPI, found, "command", command)


def _from_environment(step: StepView) -> tuple[Given, ...]:
    return tuple(g for role, name in _VARIABLES for g in given(role, "env", name, step.variable(name)))
