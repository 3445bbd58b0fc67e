"""no-environment: a trusted upload in a job without environment."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Credential, Finding
from keyless.workflows.findings.base import Look

IDENTIFIER = "no-environment"
SEVERITIES = ("note",)
SUMMARY = "A trusted upload stands in a job without environment."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such upload."""
    for site in look.counted:
        if site.credential is Credential.TRUSTED and site.visit.job.environment is None:
            yield Finding(
                IDENTIFIER,
                "note",
                site.place,
                "The job names no environment, so anyone who can push a change of this workflow can publish.",
                "Add an environment with required reviewers to the job, and name it in the publisher too.",
            )
