"""JRubics/poetry-publish: builds with poetry and uploads with `pypi_token`; no trusted publishing."""

from __future__ import annotations

from collections.abc import Iterable

from keyless.model.workflow import Target
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
        address = inputs.get("repository_url") or inputs.get("repository_name")
        yield Upload(
            self.name,
            target(address) if address else Target.PYPI,
            (
                *given("password", "with", "pypi_token", inputs.get("pypi_token")),
                *given("password", "with", "repository_password", inputs.get("repository_password")),
                *given("username", "with", "repository_username", inputs.get("repository_username")),
            ),
            "action",
        )
