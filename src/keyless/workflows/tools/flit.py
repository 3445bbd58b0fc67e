"""flit: `flit publish` with FLIT_USERNAME, FLIT_PASSWORD and FLIT_INDEX_URL. It knows no trusted publishing."""

from __future__ import annotations

from keyless.workflows.tools.environment import CommandTool

FLIT = CommandTool(
    "flit",
    ("flit",),
    ("publish",),
    password_variables=("FLIT_PASSWORD",),
    username_variables=("FLIT_USERNAME",),
    index_options=("--repository",),
    index_variables=("FLIT_INDEX_URL",),
)
