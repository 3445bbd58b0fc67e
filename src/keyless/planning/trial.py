"""What can be tried before there is a release: the job for a preflight, and what to do where none can be had. Pure."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final

from keyless import __version__
from keyless.errors import UsageError
from keyless.model.index import Index
from keyless.model.publisher import Publisher

BRANCH: Final = "keyless-preflight"
"""The branch on which the job runs: no index compares a branch, so the real workflow file stays as it is."""

_PLAIN: Final = re.compile(r"[^\x00-\x1f\x7f'\"`,;\\$]{0,255}")
"""PyPI's rule for environments, without `$`, from which an expression would begin."""


def preflight_workflow(index: Index, project: str, publisher: Publisher, pending_page: str) -> str:
    """Return the text of a workflow that does nothing but the preflight, to be committed under the publisher's own file
    name on a branch of its own. Raises UsageError for a publisher that cannot be written into one.
    """
    if not publisher.workflow or not _PLAIN.fullmatch(publisher.environment or ""):
        raise UsageError(
            "The job needs the publisher's workflow, and an environment without quotes, commas or dollar signs.",
            hint="Write --expect OWNER/REPO:workflow.yml[@environment].",
        )
    expect = f"{publisher.owner}/{publisher.repository}:{publisher.workflow}"
    expect += f"@{publisher.environment}" if publisher.environment else ""
    words = ["pipx", "run", f"keyless=={__version__}", "preflight", project, "--index", index.value]
    run = shlex.join([*words, "--expect", expect, "--nothing-pending"])
    environment = f"    environment: {json.dumps(publisher.environment)}\n" if publisher.environment else ""
    return f"""\
# Commit this as .github/workflows/{publisher.workflow} on the branch {BRANCH}, push that branch, look at the run,
# and delete the branch. {index.label} compares the file's name and the environment, not the branch, so the workflow on your
# default branch stays as it is and none of its jobs runs. An environment that allows other branches only refuses it.
#
# --nothing-pending says that no pending publisher of yours with this repository, workflow and environment waits on
# {pending_page}: minting would create its project. Look before you push.
name: keyless preflight
on:
  push:
    branches: [{BRANCH}]
permissions: {{}}
jobs:
  preflight:
    runs-on: ubuntu-latest
{environment}    permissions:
      id-token: write
    steps:
      - run: {json.dumps(run)}
"""
