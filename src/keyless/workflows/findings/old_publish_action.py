"""old-publish-action: a version of the publish action from before v1.8.0, which knows no trusted publishing."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.action_versions import too_old
from keyless.workflows.findings.base import Look
from keyless.workflows.tools.publish_action import NAME

IDENTIFIER = "old-publish-action"
SEVERITIES = ("warning",)
SUMMARY = "The publish action is older than v1.8.0, the first version that knows trusted publishing."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for visit in look.visits:
        uses = visit.view.uses
        because = too_old(uses.ref) if uses is not None and uses.name == NAME else ""
        if because:
            yield Finding(
                IDENTIFIER,
                "warning",
                visit.view.place,
                f"{because[0].upper()}{because[1:]}.",
                "Use @release/v1, or the commit of a newer release.",
            )
