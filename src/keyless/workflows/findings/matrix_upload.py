"""matrix-upload: a matrix uploads in parts: each leg publishes a part of the release by itself."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look

IDENTIFIER = "matrix-upload"
SEVERITIES = ("note",)
SUMMARY = "A matrix uploads in parts: each leg publishes a part of the release by itself."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such upload."""
    for site in look.counted:
        if site.visit.job.matrix is not None:
            yield Finding(
                IDENTIFIER,
                "note",
                site.place,
                "Each leg of the matrix uploads by itself, so a failed leg leaves half a release.",
                "Upload artifacts in the matrix, and publish all of them in one job after it.",
            )
