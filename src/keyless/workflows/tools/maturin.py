"""maturin: `maturin publish|upload`, or PyO3/maturin-action with such a command; MATURIN_PYPI_TOKEN or a password."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from keyless.workflows.shell import commands
from keyless.workflows.tools.base import StepView, Upload
from keyless.workflows.tools.environment import CommandTool

ACTIONS = frozenset({"pyo3/maturin-action", "messense/maturin-action"})
COMMAND = CommandTool(
    "maturin",
    ("maturin",),
    ("publish", "upload"),
    password_options=("-p", "--password"),
    password_variables=("MATURIN_PYPI_TOKEN", "MATURIN_PASSWORD"),
    username_options=("-u", "--username"),
    username_variables=("MATURIN_USERNAME",),
    index_options=("-r", "--repository", "--repository-url"),
    index_variables=("MATURIN_REPOSITORY_URL", "MATURIN_REPOSITORY"),
)


class Maturin:
    """Rust extensions' builder and uploader."""

    name = "maturin"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield the uploads of a script, or of the action: its inputs are read as the command that it runs."""
        if step.uses is not None and step.uses.name in ACTIONS:
            verb = step.inputs["command"].text if "command" in step.inputs else "build"
            arguments = step.inputs["args"].text if "args" in step.inputs else ""
            view = replace(step, ran=commands(f"maturin {verb} {arguments}".replace("\n", " ")))
            for upload in COMMAND.find(view):
                yield replace(upload, form="action", command=None)
        else:
            yield from COMMAND.find(step)
