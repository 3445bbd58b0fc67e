"""index-url: an upload address that is old, incomplete or of no known index."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.workflow import Finding
from keyless.workflows.findings.base import Look
from keyless.workflows.scope import static

IDENTIFIER = "index-url"
SEVERITIES = ("error",)
SUMMARY = "The address of the upload is old, incomplete, or not one for uploads."
_ADVICE = "PyPI: leave the line out. TestPyPI: https://test.pypi.org/legacy/ with the slash at its end."


def _problem(text: str) -> str:
    if not text or text in {"https://upload.pypi.org/legacy/", "https://test.pypi.org/legacy/"}:
        return ""
    if "pypi.python.org" in text:
        return "This address was switched off in 2018."
    if text.rstrip("/").endswith(("test.pypi.org", "upload.pypi.org", "//pypi.org", "simple")):
        return "This is not the address for uploads."
    if text.endswith("/legacy"):
        return "The slash at the end is missing, and the redirect loses the upload."
    return ""


def check(look: Look) -> Iterator[Finding]:
    """Yield one finding for each such step."""
    for site in look.counted:
        inputs = site.visit.view.inputs
        given = inputs.get("repository-url") or inputs.get("repository_url")
        for text in (static(given) or ()) if given is not None else ():
            problem = _problem(text.strip())
            if problem and given is not None:
                yield Finding(IDENTIFIER, "error", given.place, problem, _ADVICE)
