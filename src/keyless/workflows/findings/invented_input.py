"""invented-input: the publish action is given an input that it does not have, such as `publish: true`."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.tools.publish_action import INPUTS, NAME

IDENTIFIER = "invented-input"
SEVERITIES = ("warning",)
SUMMARY = "The publish action is given an input that it does not have."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each input that the action does not know."""
    for visit in look.visits:
        if visit.view.uses is None or visit.view.uses.name != NAME:
            continue
        for name, binding in visit.view.inputs.items():
            if name not in INPUTS:
                yield Finding(
                    IDENTIFIER,
                    "warning",
                    binding.place,
                    f"'{binding.name}' is no input of {NAME}: it does nothing but a warning in the run.",
                    "Remove the line; trusted publishing is switched on by leaving the password out.",
                )
