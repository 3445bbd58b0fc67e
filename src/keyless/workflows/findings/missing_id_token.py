"""missing-id-token: an upload without a credential in a job that may not ask for an ID token: the release will fail."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Credential, Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.permissions import permissions_of

IDENTIFIER = "missing-id-token"
SEVERITIES = ("error",)
SUMMARY = "An upload without a credential stands in a job that may not ask for an ID token."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such upload."""
    for site in look.counted:
        flow = site.visit.workflow
        if site.credential is not Credential.TRUSTED or site.granted.id_token or flow.called:
            continue
        own = site.granted.level == "job" and permissions_of(flow).id_token
        why = "the workflow's `id-token: write` is replaced by the job's own list" if own else "no list gives it"
        yield Finding(
            IDENTIFIER,
            "error",
            site.place,
            f"Job '{site.visit.job.id}' publishes without a token but has no `id-token: write` ({why}).",
            "Add `id-token: write` to the job's permissions, beside those that it has.",
        )
