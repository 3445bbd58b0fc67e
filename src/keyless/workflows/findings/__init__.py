"""One file per finding: what is wrong, where, and what to do. Identifiers are stable and name their page in the docs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keyless.model.workflow import Finding
from keyless.workflows.findings import invented_input
from keyless.workflows.findings.base import Check, Look
from keyless.workflows.sites import Site
from keyless.workflows.walk import Library, Visit

CHECKS: Sequence[tuple[str, Check]] = tuple(
    (module.IDENTIFIER, module.check)
    for module in (invented_input,)
)  # fmt: skip


def diagnose(library: Library, seen: Sequence[Visit], sites: Sequence[Site]) -> Iterator[Finding]:
    """Yield every finding, in the order of files and lines."""
    look = Look(library, seen, sites)
    found = {finding: None for _, check in CHECKS for finding in check(look)}
    yield from sorted(found, key=lambda f: (f.place.path, f.place.line, f.place.column, f.identifier))
