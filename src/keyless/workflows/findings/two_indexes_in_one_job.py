"""two-indexes-in-one-job: one job uploads to PyPI and to TestPyPI; the attestations of the two collide."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.attestations import collide
from keyless.workflows.conditions import exclusive
from keyless.workflows.findings.base import Look
from keyless.workflows.sites import collisions

IDENTIFIER = "two-indexes-in-one-job"
SEVERITIES = ("warning",)
SUMMARY = "One job uploads to PyPI and to TestPyPI."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such job."""
    done: set[tuple[str, str]] = set()
    for site in look.counted:
        key = (site.visit.workflow.path, site.visit.job.id)
        clash = [
            other
            for other in collisions(site, look.counted)
            if not exclusive(site.visit.step, other.visit.step) and collide(site, other)
        ]
        if key in done or not clash:
            continue
        done.add(key)
        yield Finding(
            IDENTIFIER,
            "warning",
            clash[-1].place,
            f"Job '{site.visit.job.id}' uploads to PyPI and to TestPyPI: trusted, the attestations collide.",
            "Upload the built files as an artifact, and publish to each index in a job of its own.",
        )
