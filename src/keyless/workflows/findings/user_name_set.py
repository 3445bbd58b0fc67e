"""user-name-set: a user name other than `__token__` switches trusted publishing off."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.scope import FromText

IDENTIFIER = "user-name-set"
SEVERITIES = ("error",)
SUMMARY = "A user name other than `__token__` switches trusted publishing off."


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for site in look.counted:
        if site.upload.tool != "gh-action-pypi-publish" or site.passwords:
            continue
        for traced in site.credentials:
            if traced.given.name == "user" and [s.text for s in traced.sources if isinstance(s, FromText)] != [
                "__token__"
            ]:
                yield Finding(
                    IDENTIFIER,
                    "error",
                    traced.given.binding.place,
                    "The action publishes trusted only when the user is `__token__` or not given.",
                    "Remove the user line.",
                )
