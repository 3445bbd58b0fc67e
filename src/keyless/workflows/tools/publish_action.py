"""pypa/gh-action-pypi-publish: a token when `password` is not empty, else trusted publishing (facts: PyPI)."""

from __future__ import annotations

from collections.abc import Iterable

from keyless.workflows.scope import Binding
from keyless.workflows.targets import target
from keyless.workflows.tools.base import StepView, Upload, given

NAME = "pypa/gh-action-pypi-publish"
_NEW = {
    "user", "password", "repository-url", "packages-dir", "verify-metadata", "skip-existing", "verbose", "print-hash",
    "attestations",
}  # fmt: skip
INPUTS = frozenset(_NEW | {name.replace("-", "_") for name in _NEW})
"""Every input that the action has, with the older spellings."""


class PublishAction:
    """The action that PyPA maintains."""

    name = "gh-action-pypi-publish"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for a step that uses the action."""
        if step.uses is None or step.uses.name != NAME:
            return
        inputs = step.inputs
        address = inputs.get("repository-url") or inputs.get("repository_url")
        yield Upload(
            self.name,
            target(address),
            (
                *given("password", "with", "password", inputs.get("password")),
                *given("username", "with", "user", inputs.get("user")),
                *given("username", "with", "username", inputs.get("username")),
            ),
            "action",
            address=address,
            folder=_folder(inputs.get("packages-dir") or inputs.get("packages_dir")),
        )


def _folder(given: Binding | None) -> str | None:
    """Return the folder that the input names, when it is a plain one."""
    return given.text if given is not None and "${{" not in given.text else None
