"""attestations-off: `attestations: false`: a release leaves no provenance, so no proof of the best grade is possible."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look

IDENTIFIER = "attestations-off"
SEVERITIES = ("note",)
SUMMARY = "The publish action makes no attestations, so a release leaves no provenance."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for site in look.counted:
        given = site.visit.view.inputs.get("attestations")
        if site.upload.tool == "gh-action-pypi-publish" and given is not None and given.text.strip() == "false":
            yield Finding(
                IDENTIFIER,
                "note",
                given.place,
                "No attestations are made, so the index has no provenance for the release.",
                "Remove the line, at least until the migration is proven.",
            )
