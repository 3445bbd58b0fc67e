"""reusable-workflow: publishing from a reusable workflow, which trusted publishing does not support."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Credential, Finding
from keyless.workflows.findings.base import Look

IDENTIFIER = "reusable-workflow"
SEVERITIES = ("error", "warning")
SUMMARY = "It publishes from a workflow that others call, which trusted publishing does not support."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such upload."""
    for site in look.counted:
        if site.visit.workflow.called:
            trusted = site.credential is Credential.TRUSTED
            yield Finding(
                IDENTIFIER,
                "error" if trusted else "warning",
                site.place,
                "It publishes from a workflow that others call; PyPI does not support trusted publishing from one.",
                "Move the upload into a job of the calling workflow, and register that file on PyPI.",
            )
