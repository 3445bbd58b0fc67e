"""skip-existing: `skip-existing` makes an upload that uploads nothing look green."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look

IDENTIFIER = "skip-existing"
SEVERITIES = ("note",)
SUMMARY = "`skip-existing` makes an upload that uploads nothing look green."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for site in look.counted:
        given = site.visit.view.inputs.get("skip-existing") or site.visit.view.inputs.get("skip_existing")
        args = site.visit.view.inputs.get("args")
        words = site.upload.command.texts if site.upload.command is not None else args.text.split() if args else ()
        if "--skip-existing" in words or (given is not None and given.text.strip() not in {"", "false"}):
            yield Finding(
                IDENTIFIER,
                "note",
                given.place if given is not None else site.place,
                "With skip-existing the step succeeds although nothing was uploaded: it proves nothing.",
                "Look at the file and its upload time on the index, never at the step alone.",
            )
