"""hatch: `hatch publish` with `--auth` or HATCH_INDEX_AUTH, `--user` or HATCH_INDEX_USER, `--repo` or HATCH_INDEX_REPO."""

from __future__ import annotations

from keyless.workflows.tools.environment import CommandTool

HATCH = CommandTool(
    "hatch",
    ("hatch",),
    ("publish",),
    password_options=("-a", "--auth"),
    password_variables=("HATCH_INDEX_AUTH",),
    username_options=("-u", "--user"),
    username_variables=("HATCH_INDEX_USER",),
    index_options=("-r", "--repo"),
    index_variables=("HATCH_INDEX_REPO",),
)
