"""What can be tried before there is a release, what that shows and what it does not: TestPyPI, and a preflight. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from keyless import __version__
from keyless.errors import UsageError
from keyless.model.index import Index
from keyless.model.plan import CheckProof, Plan, ProveRelease, RegisterPublisher
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Reading
from keyless.model.release import Release
from keyless.model.survey import Survey

BRANCH: Final = "keyless-preflight"
"""The branch on which the job runs: no index compares a branch, so the real workflow file stays as it is."""

RARELY: Final = timedelta(days=90)
"""A project whose newest release is older publishes rarely: whoever migrates it may not want to wait for the next."""

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
    words = ["pipx", "run", f"keyless=={__version__}", *_command(index, project, publisher), "--nothing-pending"]
    run = shlex.join(words)
    environment = f"    environment: {json.dumps(publisher.environment)}\n" if publisher.environment else ""
    return f"""\
# Commit this as .github/workflows/{publisher.workflow} on the branch {BRANCH}, push that branch, look at the run,
# and delete the branch. {index.label} compares the file's name and the environment, not the branch, so the workflow on your
# default branch stays as it is and none of its jobs runs. An environment may want reviewers or other branches first.
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


def before_release(
    step: ProveRelease | CheckProof, plan: Plan | None, releases: Reading[tuple[Release, ...]], now: datetime
) -> tuple[str, ...]:
    """Return what can be tried before the release that `step` waits for, in sentences; nothing where one comes soon.

    A preflight is never offered for a project that does not exist, nor where that could not be read (S11), nor while
    the same publisher waits for another project to be made, which `plan` tells: minting would make it.
    """
    index, project = step.index, step.project
    match releases:
        case Missing() | Found(()):
            return _pending(index, project)
        case Found(known) if index is Index.PYPI:  # on TestPyPI a release costs nobody anything
            last = max(file.uploaded_at for release in known for file in release.files)
            beside = _pending_beside(step, plan)
            if now - last > RARELY:
                return _not_beside(beside) if beside else _rare(index, project, step.publisher, last)
    return ()


def _pending_beside(step: ProveRelease | CheckProof, plan: Plan | None) -> tuple[str, ...]:
    """Return the projects that a mint for this publisher would create."""
    return tuple(
        one.project
        for one in (plan.steps if plan else ())
        if isinstance(one, RegisterPublisher) and one.pending
        if (one.index, one.publisher) == (step.index, step.publisher)
    )


def _not_beside(projects: tuple[str, ...]) -> tuple[str, ...]:
    names = ", ".join(projects)
    return (f"A preflight is not offered: the same publisher is pending for {names}, and minting would create it.",)


def _rare(index: Index, project: str, publisher: Publisher, last: datetime) -> tuple[str, ...]:
    command = shlex.join(["keyless", *_command(index, project, publisher), "--print-workflow"])
    offer = (
        f"{project} was last released on {index.label} on {last:%Y-%m-%d}. To try the publisher without a release: "
        f"{command} prints a job that has an upload token minted and throws it away."
    )
    return (
        offer,
        "It shows whether the publisher is right, and no more: it is no proof, and secrets stay until a release.",
    )


def _pending(index: Index, project: str) -> tuple[str, ...]:
    creates = f"{project} has no release on {index.label} yet: its first one creates it, and is its proof."
    never = "A preflight is not offered: for a pending publisher it would create the project."
    if index is Index.TESTPYPI:
        return creates, never
    trial = (
        "A release on TestPyPI can be had first: it shows that the workflow builds, signs and uploads without a token, and "
        "nothing about the publisher on PyPI."
    )
    return creates, f"{never} {trial}"


def offers(survey: Survey, plan: Plan, now: datetime) -> Iterator[str]:
    """Yield, for each proof of the plan that may be long in coming, what can be tried before it."""
    read = {(each.index, each.project): each.releases for each in survey.projects}
    for step in plan.steps:
        if isinstance(step, ProveRelease) and (step.index, step.project) in read:
            yield from before_release(step, plan, read[step.index, step.project], now)


def _command(index: Index, project: str, publisher: Publisher) -> list[str]:
    expect = f"{publisher.owner}/{publisher.repository}:{publisher.workflow}"
    expect += f"@{publisher.environment}" if publisher.environment else ""
    return ["preflight", project, "--index", index.value, "--expect", expect]
