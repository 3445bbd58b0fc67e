"""pull-request-target: a publishing workflow that `pull_request_target` starts; PyPI refuses its ID tokens."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.conditions import excludes_event
from keyless.workflows.findings.base import Look

IDENTIFIER = "pull-request-target"
SEVERITIES = ("error",)
SUMMARY = "`pull_request_target` starts a workflow that publishes."
EVENT = "pull_request_target"


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such upload."""
    for site in look.counted:
        visit = site.visit
        excluded = excludes_event(visit.job, EVENT) or excludes_event(visit.step, EVENT)
        if EVENT in visit.workflow.triggers and not excluded:
            yield Finding(
                IDENTIFIER,
                "error",
                site.place,
                "`pull_request_target` starts this workflow with the repository's secrets, and PyPI refuses such runs.",
                "Publish in a workflow that only a release, a tag or a person starts.",
            )
