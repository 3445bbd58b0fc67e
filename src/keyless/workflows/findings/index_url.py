"""index-url: an upload address that is old, incomplete or of no known index."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.sites import RIGHT_ADDRESSES, fault_of_address

IDENTIFIER = "index-url"
SEVERITIES = ("error",)
SUMMARY = "The address of the upload is old, incomplete, or not one for uploads."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for site in look.counted:
        fault = fault_of_address(site)
        if fault is not None and site.upload.address is not None:
            yield Finding(IDENTIFIER, "error", site.upload.address.place, fault, RIGHT_ADDRESSES)
