"""two-indexes-in-one-job: one job uploads to PyPI and to TestPyPI; the attestations of the two collide."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding, Target
from keyless.workflows.findings.base import Look

IDENTIFIER = "two-indexes-in-one-job"


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such job."""
    done: set[tuple[str, str]] = set()
    for site in look.counted:
        key = (site.visit.workflow.path, site.visit.job.id)
        others = [s for s in look.counted if (s.visit.workflow.path, s.visit.job.id) == key]
        if key not in done and {Target.PYPI, Target.TESTPYPI} <= {s.upload.target for s in others}:
            done.add(key)
            yield Finding(
                IDENTIFIER,
                "warning",
                others[-1].place,
                f"Job '{site.visit.job.id}' uploads to PyPI and to TestPyPI: trusted, the attestations collide.",
                "Upload the built files as an artifact, and publish to each index in a job of its own.",
            )
