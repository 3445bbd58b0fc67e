"""pdm: `pdm publish` with `--password` or PDM_PUBLISH_PASSWORD; trusted when neither is given and OIDC is there."""

from __future__ import annotations

from keyless.workflows.tools.environment import CommandTool

PDM = CommandTool(
    "pdm",
    ("pdm",),
    ("publish",),
    password_options=("-P", "--password"),
    password_variables=("PDM_PUBLISH_PASSWORD",),
    username_options=("-u", "--username"),
    username_variables=("PDM_PUBLISH_USERNAME",),
    index_options=("-r", "--repository"),
    index_variables=("PDM_PUBLISH_REPO",),
)
