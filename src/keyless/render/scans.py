"""What a scan found, as tables. Pure. Importing this gives scans their view."""

from __future__ import annotations

from keyless.errors import DOCS
from keyless.model.reading import Found, Unreadable
from keyless.model.table import Table
from keyless.model.workflow import Finding
from keyless.planning.forecast import Forecast
from keyless.planning.scan import OwnerScan, Scan
from keyless.render.views import View, view


@view.register
def scan_view(scan: Scan) -> View:
    """Return the uploads, what reads credentials, what may, where secrets are, publishers, and what was not understood."""
    analysis = scan.analysis
    seen = (analysis.publish_steps, analysis.references, analysis.problems, analysis.may_read, analysis.findings)
    if not any(seen) and not scan.found and not scan.stores:
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
    return (*blocks, *_unsure(scan), *_findings(analysis.findings), *_stores(scan), *publishers_view(scan.forecasts))


def _findings(findings: tuple[Finding, ...]) -> View:
    if not findings:
        return ()
    rows = tuple((f.severity, f.identifier, str(f.place), f.message, f.advice) for f in findings)
    head = ("severity", "finding", "where", "what", "what to do")
    more = f"Each finding has a page: {DOCS}/findings/"
    return (Table("findings", "Findings", head, rows), more)


def _unsure(scan: Scan) -> View:
    may = tuple((m.secret or "any", str(m.place), m.expression, m.because) for m in scan.analysis.may_read)
    may += tuple(("any", problem.path, "", problem.because) for problem in scan.analysis.problems)
    may += tuple(("any", path, "", "named by a workflow, and not seen") for path in scan.analysis.wanted)
    return (Table("may-read", "What may read a secret, for all that can be seen", _MAY, may),) if may else ()


_MAY = ("secret", "where", "expression", "because")


def _stores(scan: Scan) -> View:
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
    return tuple(blocks)


def _reader(used: bool) -> str:
    return "by an upload" if used else "by nothing that can be seen"


def publishers_view(found: tuple[Forecast, ...]) -> View:
    """Return the fields of PyPI's form for each upload, and the comparison with the one that was typed, if any."""
    if not found:
        return ()
    fields = tuple(
        (
            one.upload,
            one.project or "not told by the repository",
            one.publisher.owner,
            one.publisher.repository,
            one.publisher.workflow,
            one.publisher.environment or "(leave empty)",
        )
        for one in found
    )
    heads = ("upload", "project", "owner", "repository", "workflow file", "environment")
    return (
        Table("publishers", "The trusted publisher that each upload needs", heads, fields),
        *(f"{one.upload}: no publisher can match: {one.problem}." for one in found if one.problem),
        *_comparison(found),
    )


def _once(rows: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(rows))


def _comparison(found: tuple[Forecast, ...]) -> View:
    compared = [one for one in found if one.differences is not None]
    rows = tuple(
        (
            one.upload,
            d.field,
            d.expected or "(empty)",
            d.typed or "(empty)",
            d.reason,
            "refuses" if d.fatal else "takes",
        )
        for one in compared
        for d in one.differences or ()
    )
    claims = tuple((one.upload, name, value) for one in compared for name, value in one.claims.items())
    said = (Table("claims", "What its runs say to the index", ("upload", "claim", "value"), _once(claims)),)
    same = tuple(f"{one.upload}: the publisher as typed is what it needs." for one in compared if not one.differences)
    if not rows:
        return (*(said if compared else ()), *same)
    heads = ("upload", "field", "needed", "typed", "because", "the index")
    return (*said, Table("differences", "Where the publisher as typed differs", heads, _once(rows)), *same)


@view.register
def owner_view(found: OwnerScan) -> View:
    """Return one row for each repository that publishes or holds a credential."""
    rows = []
    unread = []
    for name, reading in found.scans:
        if not isinstance(reading, Found):
            rows.append((name, "could not be read", "", ""))
            because = reading.because if isinstance(reading, Unreadable) else reading.what
            unread.append(f"Take care: {name}: {because}")
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
    return (Table("repositories", "Repositories that publish", columns, tuple(rows)), *unread)
