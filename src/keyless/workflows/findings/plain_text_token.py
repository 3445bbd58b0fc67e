"""plain-text-token: a PyPI token stands in the file itself. Its value is never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.text import Text

IDENTIFIER = "plain-text-token"
SEVERITIES = ("error",)
SUMMARY = "A token of PyPI or TestPyPI stands in the file itself."
# PyPI's own pattern for finding leaked tokens (facts: PyPI).
_TOKEN = re.compile(r"pypi-[A-Za-z0-9_-]{85,}")
_TEST = "pypi-AgENdGVzdC5weXBpLm9yZwIk"


def _in_text(text: Text) -> Iterator[Finding]:
    for match in _TOKEN.finditer(text.text):
        index = "TestPyPI" if match[0].startswith(_TEST) else "PyPI"
        yield Finding(
            IDENTIFIER,
            "error",
            text.place(match.start()),
            f"A token of {index} stands here in plain text, {len(match[0])} characters long; it must count as leaked.",
            "Remove it on the index today, whatever else you do; the file's history keeps it for ever.",
        )


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such token, also in scripts and in files that are no valid workflow."""
    for text in look.library.texts:
        yield from _in_text(text)
