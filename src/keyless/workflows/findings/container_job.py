"""container-job: the publish action in a job that runs in a container."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.tree import get

IDENTIFIER = "container-job"
SEVERITIES = ("error",)
SUMMARY = "The publish action stands in a job that runs in a container."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for site in look.counted:
        if site.upload.tool == "gh-action-pypi-publish" and get(site.visit.job.node, "container") is not None:
            yield Finding(
                IDENTIFIER,
                "error",
                site.place,
                "The publish action is a container action itself, and the job runs in a container.",
                "Publish in a job of its own without `container:`.",
            )
