"""runner-not-linux: the publish action, which needs Linux on x86-64, in a job that runs elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.refusal import runner

IDENTIFIER = "runner-not-linux"
SEVERITIES = ("error",)
SUMMARY = "The publish action stands in a job that does not run on Linux."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for site in look.counted:
        if site.upload.tool != "gh-action-pypi-publish":
            continue
        where = runner(site.visit.workflow, site.visit.job)
        if where.linux is False:
            yield Finding(
                IDENTIFIER,
                "error",
                site.place,
                f"The publish action is a Linux container action, and the job runs on {where.labels}.",
                "Upload the built files as an artifact, and publish them in a job of its own on ubuntu-latest.",
            )
