"""api-token: an upload takes an API token, in a job that could not publish without one."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look

IDENTIFIER = "api-token"
SEVERITIES = ("warning",)
SUMMARY = "An upload takes an API token, in a job that could not publish without one."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such upload. Where the job may ask for an ID token, other findings say more."""
    for site in look.counted:
        if not site.passwords or site.granted.id_token:
            continue
        names = ", ".join(site.secrets)
        yield Finding(
            IDENTIFIER,
            "warning",
            site.passwords[0].given.binding.place,
            f"{site.upload.tool} takes an API token here{f' ({names})' if names else ''}, which works for whoever has it.",
            "Run `keyless migrate`, or take it out with `keyless fix` once the publisher is registered.",
        )
