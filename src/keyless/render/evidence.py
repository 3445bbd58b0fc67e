"""The evidence about a release, a row for each file. Pure."""

from __future__ import annotations

from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.release import AttestationFact, Evidence
from keyless.model.table import Table
from keyless.render.views import View, moment


def evidence_view(evidence: Evidence) -> View:
    """Return what was found about each file."""
    rows = tuple(
        (
            f.file.filename,
            moment(f.file.uploaded_at),
            f.file.sha256[:16],
            _publisher(f.attestations),
            _held(f.attestations),
        )
        for f in evidence.files
    )
    columns = ("file", "uploaded", "sha256 begins", "publisher, as the index states", "signature")
    title = f"Files of {evidence.release.project} {evidence.release.version}"
    roots = sorted(
        {a.trust_root for f in evidence.files if isinstance(f.attestations, Found) for a in f.attestations.value}
    )
    return (Table("files", title, columns, rows), *(f"Trust root: {root}" for root in roots))


def _publisher(reading: Reading[tuple[AttestationFact, ...]]) -> str:
    if not isinstance(reading, Found):
        return ""
    return ", ".join(dict.fromkeys(str(fact.stated) for fact in reading.value if fact.stated))


def _held(reading: Reading[tuple[AttestationFact, ...]]) -> str:
    match reading:
        case Found(facts):
            refused = [fact.refused for fact in facts if fact.refused]
            return f"refused: {refused[0]}" if refused else "verified" if facts else "none"
        case Missing():
            return "no provenance"
        case Unreadable(because=because):
            return f"could not tell: {because}"
