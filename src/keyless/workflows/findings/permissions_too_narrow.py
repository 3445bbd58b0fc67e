"""permissions-too-narrow: the job's own list of permissions lacks one that a step of it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyless.model.workflow import Finding
from keyless.workflows import permissions
from keyless.workflows.findings.base import Look
from keyless.workflows.needs import needs
from keyless.workflows.refusal import Refused
from keyless.workflows.shape import Job

IDENTIFIER = "permissions-too-narrow"
SEVERITIES = ("error",)
SUMMARY = "The job's own list of permissions lacks one that a step of it needs."


def _lacking(look: Look, job: Job, has: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    try:
        wanted = needs(job, look.library.action)
    except Refused:  # what the steps need cannot be told, so nothing can be said to lack
        return
    for scope, access in wanted.scopes.items():
        if access == "write" and has.get(scope) != "write":
            yield scope, wanted.reasons[scope]


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such job."""
    done: set[tuple[str, str]] = set()
    for site in look.counted:
        flow, job = site.visit.workflow, site.visit.job
        has = permissions.granted(flow, job)
        if (flow.path, job.id) in done or has.level != "job" or has.everything:
            continue
        done.add((flow.path, job.id))
        for scope, reason in _lacking(look, job, has.scopes):
            yield Finding(
                IDENTIFIER,
                "error",
                flow.text.place(job.key.start_mark.index, job.id),
                f"Job '{job.id}' lists its permissions without `{scope}: write`, which {reason} needs.",
                f"Add `{scope}: write` to the job's permissions.",
            )
