"""unpinned-action: the publish action is named by a branch or tag, which can move."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.action_versions import pinned, too_old
from keyless.workflows.findings.base import Look
from keyless.workflows.tools.publish_action import NAME

IDENTIFIER = "unpinned-action"
SEVERITIES = ("note",)
SUMMARY = "The publish action is named by a branch or tag, which can move."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for visit in look.visits:
        uses = visit.view.uses
        if uses is not None and uses.name == NAME and not pinned(uses.ref) and not too_old(uses.ref):
            yield Finding(
                IDENTIFIER,
                "note",
                visit.view.place,
                f"@{uses.ref} can move to other code; a full commit id cannot.",
                "Pin the commit and let a bot raise it; the publishing job is worth it more than any other.",
            )
