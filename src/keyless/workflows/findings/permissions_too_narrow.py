"""permissions-too-narrow: the list that a job has, its own or the workflow's, lacks a permission that a step needs."""

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
SUMMARY = "The list of permissions that a job has lacks one that a step of it needs."


def _lacking(look: Look, job: Job, has: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    try:
        wanted = needs(job, look.library.action)
    except Refused:  # what the steps need cannot be told, so nothing can be said to lack
        return
    for scope, access in wanted.scopes.items():
        if access == "write" and has.get(scope) != "write":
            yield scope, wanted.reasons[scope]


def _whose(level: str, job: Job) -> str:
    return (
        f"Job '{job.id}' lists its permissions" if level == "job" else f"Job '{job.id}' has the workflow's permissions"
    )


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such job."""
    done: set[tuple[str, str]] = set()
    for site in look.counted:
        flow, job = site.visit.workflow, site.visit.job
        has = permissions.granted(flow, job)
        if (flow.path, job.id) in done or has.level == "default" or has.everything:
            continue
        done.add((flow.path, job.id))
        for scope, reason in _lacking(look, job, has.scopes):
            yield Finding(
                IDENTIFIER,
                "error",
                flow.text.place(job.key.start_mark.index, job.id),
                f"{_whose(has.level, job)} without `{scope}: write`, which {reason} needs.",
                f"Add `{scope}: write` to the job's permissions.",
            )
