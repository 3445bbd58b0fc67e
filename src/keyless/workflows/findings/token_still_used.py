"""token-still-used: the job has `id-token: write`, and its upload still takes a token."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look

IDENTIFIER = "token-still-used"
SEVERITIES = ("warning",)
SUMMARY = "The job has `id-token: write`, and its upload still takes a token."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such upload."""
    for site in look.counted:
        if site.upload.tool == "gh-action-pypi-publish" or not site.granted.id_token:
            continue
        for traced in site.passwords:
            yield Finding(
                IDENTIFIER,
                "warning",
                traced.given.binding.place,
                f"The job may publish without a token, but {site.upload.tool} is given one here and uses it.",
                "Take the credential out; `id-token: write` alone proves nothing.",
            )
