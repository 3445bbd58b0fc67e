"""silent-fallback: `uv publish` without `--trusted-publishing always` falls back to other credentials without a word."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.shell import option

IDENTIFIER = "silent-fallback"
SEVERITIES = ("warning",)
SUMMARY = "`uv publish` without `--trusted-publishing always` falls back to another credential without a word."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such upload."""
    for site in look.counted:
        command = site.upload.command
        if site.upload.tool != "uv" or command is None or site.passwords:
            continue
        chosen = option(command.words, "--trusted-publishing")
        if chosen is None or chosen.text != "always":
            yield Finding(
                IDENTIFIER,
                "warning",
                site.place,
                "uv looks for an ID token by itself and goes on silently with another credential when it finds none.",
                "Say `uv publish --trusted-publishing always`.",
            )
