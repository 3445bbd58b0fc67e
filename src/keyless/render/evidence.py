"""The evidence about a release in a sentence and in a row for each file; a refusal of an index in a row for each field. Pure."""

from __future__ import annotations

from keyless.journeys.keeping import Again
from keyless.model.preflight import Preflight
from keyless.model.proof import Grade, Judgement, Verdict
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.refusal import Explanation, FieldExplained
from keyless.model.release import AttestationFact, Evidence
from keyless.model.table import Table
from keyless.proofs.refusal import OTHER_RUN
from keyless.render.views import View, moment, view


def verified_view(judgement: Judgement, evidence: Evidence, expected: Publisher) -> tuple[object, ...]:
    """Return what there is to show of a judgement: the sentence, the judgement with its reasons, and the evidence."""
    return (in_a_sentence(judgement, evidence, expected), judgement, evidence)


def in_a_sentence(judgement: Judgement, evidence: Evidence, expected: Publisher) -> str:
    """Return what was found out, as one would tell it to whoever maintains the project."""
    what, count = f"{judgement.project} {judgement.version}", len(evidence.release.files)
    files = f"all {count} files" if count > 1 else "the one file"
    on, who = judgement.index.label, f"{expected.workflow} of {expected.owner}/{expected.repository}"
    where = f" in environment '{expected.environment}'" if expected.environment else ""
    run = f", in the run {judgement.run_url}" if judgement.run_url else ""
    match judgement.verdict, judgement.grade:
        case Verdict.PROVEN, Grade.ATTESTED:
            return (
                f"{what} on {on} was published without a token: {files} carry a signature made by {who}{where}{run}, "
                f"and {on} takes such signatures with trusted publishing only."
            ).replace("file carry", "file carries")
        case Verdict.PROVEN, Grade.DECLARED:
            return f"{on} states that {what} was published by {who}{where}; the signatures could not be checked here."
        case Verdict.PROVEN, _:
            return (
                f"Nothing is signed, but everything agrees that {who} published {what} on {on} without a token: the run, "
                f"the workflow at that commit, and the times{run}."
            )
        case Verdict.CANNOT_TELL, _:
            return f"It could not be told whether {what} on {on} was published without a token.{_first(judgement, 'unknown')}"
        case _ if not any(reason.side == "against" for reason in judgement.reasons):
            return (
                f"Nothing shows how {what} was published on {on}. That is no proof that a token was used."
                f"{_first(judgement, 'unknown')}"
            )
    return f"{what} on {on} is no proof of a release without a token.{_first(judgement, 'against')}"


def kept_view(again: Again) -> tuple[str, ...]:
    """Return by which root kept evidence was judged, then and now, and whether it is still what was kept."""
    kept = again.kept
    beside = "the same as the one that lies beside it" if again.same_root else "not the one that lies beside it"
    name = "the same as" if again.same_digest else "NOT the same as"
    return (
        f"Kept on {kept.kept_at:%Y-%m-%d}, then judged by {kept.root}. Judged now by {again.root}, {beside}.",
        f"The evidence, as it was found now, is {name} what was kept under the digest {kept.digest}; a receipt names it by this too.",
    )


def _first(judgement: Judgement, side: str) -> str:
    return next((f" {reason.message}" for reason in judgement.reasons if reason.side == side), "")


@view.register
def _evidence(evidence: Evidence) -> View:
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


@view.register
def _explanation(explanation: Explanation) -> View:
    asked = explanation.code != OTHER_RUN
    heading = f"The index refused the run ({explanation.code})" if asked else "The job, and what was expected"
    table = (_fields("refusal", heading, explanation.fields),) if explanation.fields else ()
    return (*table, explanation.says)


@view.register
def _preflight(found: Preflight) -> View:
    where = found.index.label
    return (
        _fields("preflight", f"{where} minted a token for this job", found.fields),
        f"The token uploaded nothing and is thrown away; {where} ends it at {moment(found.until)}.",
        f"For {found.project}: {_REACH[found.reach.value]} ({found.because}).",
        *(f"Not shown: {line}" for line in found.leaves_open),
    )


_REACH = {
    "yes": "a token of this job may upload to it, so its publisher fits",
    "no": "a token of this job may NOT upload to it",
    "unknown": "could not be told",
}


def _fields(name: str, heading: str, fields: tuple[FieldExplained, ...]) -> Table:
    rows = tuple((f.field, f.real, f.expected, f.wrong and f"WRONG: {f.wrong}") for f in fields)
    return Table(name, heading, ("field", "the run said", "expected", ""), rows)
