"""rye: `rye publish` with `--token`, for PyPI unless `--repository` says otherwise. It knows no trusted publishing."""

from __future__ import annotations

from keyless.workflows.tools.environment import CommandTool

RYE = CommandTool(
    "rye",
    ("rye",),
    ("publish",),
    password_options=("--token",),
    username_options=("-u", "--username"),
    index_options=("-r", "--repository", "--repository-url"),
)
