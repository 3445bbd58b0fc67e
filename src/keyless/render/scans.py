"""What a scan found, as tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from keyless.model.reading import Found, Reading, Unreadable
from keyless.model.table import Table
from keyless.planning.scan import Scan
from keyless.render.views import View


def scan_view(scan: Scan) -> View:
    """Return the uploads, what reads credentials, what may, where secrets are, and what was not understood."""
    analysis = scan.analysis
    if not analysis.publish_steps and not analysis.references and not analysis.problems and not analysis.may_read:
        return (f"{scan.name}: no workflow uploads to a package index as far as can be seen.",)
    blocks: list[Table | str] = []
    uploads = tuple(
        (str(s.place), s.place.job or "", s.tool, s.target.value, s.credential.value, ", ".join(s.secrets))
        for s in analysis.publish_steps
    )
    if uploads:
        heads = ("where", "job", "tool", "index", "credential", "secrets")
        blocks.append(Table("uploads", f"Uploads in {scan.name}", heads, uploads))
    reads = tuple((r.secret, str(r.place), r.level, r.role, r.target.value) for r in analysis.references)
    if reads:
        columns = ("secret", "read at", "given at", "as", "for")
        blocks.append(Table("references", "What reads a PyPI credential", columns, reads))
    blocks += _unsure(scan)
    findings = tuple((f.severity, f.identifier, str(f.place), f.message, f.advice) for f in analysis.findings)
    if findings:
        blocks.append(Table("findings", "Findings", ("severity", "finding", "where", "what", "what to do"), findings))
    return (*blocks, *_stores(scan))


def _unsure(scan: Scan) -> list[Table | str]:
    may = tuple((m.secret or "any", str(m.place), m.expression, m.because) for m in scan.analysis.may_read)
    may += tuple(("any", problem.path, "", problem.because) for problem in scan.analysis.problems)
    may += tuple(("any", path, "", "named by a workflow, and not seen") for path in scan.analysis.wanted)
    return [Table("may-read", "What may read a secret, for all that can be seen", _MAY, may)] if may else []


_MAY = ("secret", "where", "expression", "because")


def _stores(scan: Scan) -> list[Table | str]:
    blocks: list[Table | str] = []
    rows = tuple(
        (c.entry.name, str(c.entry.store), f"{c.entry.updated_at:%Y-%m-%d}", _reader(c.used)) for c in scan.found
    )
    if rows:
        blocks.append(Table("secrets", "Secrets that speak of PyPI", ("secret", "store", "changed", "read"), rows))
    unseen = tuple(
        (str(reading.store), reading.entries.because, reading.entries.permission or "")
        for reading in scan.stores
        if isinstance(reading.entries, Unreadable)
    )
    if unseen:
        blocks.append(Table("unseen", "Stores that could not be read", ("store", "because", "needs"), unseen))
    return blocks


def _reader(used: bool) -> str:
    return "by an upload" if used else "by nothing that can be seen"


def owner_view(scans: Sequence[tuple[str, Reading[Scan]]]) -> View:
    """Return one row for each repository that publishes or holds a credential."""
    rows = []
    for name, reading in scans:
        if not isinstance(reading, Found):
            rows.append((name, "could not be read", "", ""))
            continue
        steps = reading.value.analysis.publish_steps
        if not steps and not reading.value.found:
            continue
        kinds = ", ".join(sorted({step.credential.value for step in steps})) or "publishes nothing"
        indexes = ", ".join(sorted({step.target.value for step in steps}))
        rows.append((name, kinds, indexes, ", ".join(c.key for c in reading.value.found)))
    if not rows:
        return ("None of its repositories publishes to PyPI or holds a credential for it, as far as can be seen.",)
    columns = ("repository", "credential", "index", "secrets")
    return (Table("repositories", "Repositories that publish", columns, tuple(rows)),)
