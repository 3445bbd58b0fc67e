"""password-beside-trusted: the publish action may ask for an ID token and is given a password all the same, so the token is used."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look

IDENTIFIER = "password-beside-trusted"
SEVERITIES = ("warning",)
SUMMARY = "The publish action may ask for an ID token and is given a password all the same."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for site in look.counted:
        if site.upload.tool != "gh-action-pypi-publish" or not site.granted.id_token:
            continue
        for traced in site.passwords:
            yield Finding(
                IDENTIFIER,
                "warning",
                traced.given.binding.place,
                "The job may publish without a token, but the password given here is used as long as it is not empty.",
                "Remove the password line (and the user line); the secret can go once a release was proven.",
            )
