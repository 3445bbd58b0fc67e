"""JRubics/poetry-publish: builds with poetry and uploads with `pypi_token`; no trusted publishing."""

from __future__ import annotations

from collections.abc import Iterable

from keyless.model.workflow import Target
from keyless.workflows.scope import Binding
from keyless.workflows.targets import target
from keyless.workflows.tools.base import StepView, Upload, given

NAME = "jrubics/poetry-publish"


class PoetryPublish:
    """The third-party action."""

    name = "poetry-publish"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for a step that uses the action."""
        if step.uses is None or step.uses.name != NAME:
            return
        inputs = step.inputs
        yield Upload(
            self.name,
            _index(inputs.get("repository_url"), inputs.get("repository_name")),
            (
                *given("password", "with", "pypi_token", inputs.get("pypi_token")),
                *given("password", "with", "repository_password", inputs.get("repository_password")),
                *given("username", "with", "repository_username", inputs.get("repository_username")),
            ),
            "action",
        )


def _index(address: Binding | None, name: Binding | None) -> Target:
    """A name without an address is only a label, unless it says TestPyPI."""
    if address is not None:
        return target(address)
    return Target.TESTPYPI if name is not None and target(name) is Target.TESTPYPI else Target.PYPI
