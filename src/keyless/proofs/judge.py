"""The judgement: one function over one release's evidence. Contradictions beat everything; unknowns never raise a grade."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keyless.model.proof import Grade, Judgement, Reason, Verdict
from keyless.model.reading import Found, Missing
from keyless.model.release import Evidence, Expectation
from keyless.proofs.digest import digest
from keyless.proofs.findings import AGAINST, FOR, UNKNOWN, Finding, contradicted, contradicts, unread
from keyless.proofs.provenance import Provenance, Standing, examine
from keyless.proofs.release import release_findings
from keyless.proofs.runs import inference, run_contradictions

_ORDER = {AGAINST: 0, UNKNOWN: 1, FOR: 2}


@dataclass(frozen=True, slots=True)
class _Parts:
    """Findings by where they come from: the release and the run's contradictions, its files, and the inference."""

    common: tuple[Finding, ...]
    provenance: Provenance
    inferred: tuple[Finding, ...]


def judge(evidence: Evidence, expectation: Expectation) -> Judgement:
    """Return what `evidence` amounts to against `expectation`, with every reason for, against and unknown.

    *attested*: every file was signed by the expected publisher, verified. *declared*: the index states it for every
    file, unverified. *inferred*: no file has provenance, and run, workflow and times agree. No order of files,
    attestations, jobs or steps matters.
    """
    provenance = examine(evidence, expectation)
    parts = _Parts(
        common=(*release_findings(evidence, expectation), *_run(evidence, provenance, expectation)),
        provenance=provenance,
        inferred=tuple(_inferred(evidence)) if provenance.all_in(Standing.ABSENT) else (),
    )
    findings = (*parts.common, *provenance.findings, *parts.inferred)
    grade = Grade.NONE if contradicted(findings) else _grade(parts)
    return Judgement(
        index=expectation.index,
        project=expectation.project,
        version=evidence.release.version,
        grade=grade,
        verdict=_verdict(grade, findings),
        reasons=_sorted(finding.reason for finding in findings),
        evidence_digest=digest(evidence),
        run_url=_run_url(evidence, provenance),
    )


def _run(evidence: Evidence, provenance: Provenance, expectation: Expectation) -> Iterable[Finding]:
    if isinstance(evidence.run, Found):
        yield from run_contradictions(evidence, evidence.run.value, provenance.claims, expectation)


def _inferred(evidence: Evidence) -> Iterable[Finding]:
    run = evidence.run
    if isinstance(run, Found):
        yield from inference(evidence, run.value)
    elif isinstance(run, Missing):
        yield contradicts(
            "no-run",
            "No run of the workflow was going on when the files were uploaded.",
            "a release made by the workflow",
        )
    else:
        needs = f"a GitHub token with {run.permission}" if run.permission else "a GitHub token that may read the runs"
        yield unread("run-unreadable", f"The workflow run could not be read: {run.because}.", needs)


def _grade(parts: _Parts) -> Grade:
    """Return the strongest grade whose evidence is complete, when nothing contradicts."""
    if any(finding.unread for finding in parts.common):
        return Grade.NONE
    if parts.provenance.all_in(Standing.ATTESTED):
        return Grade.ATTESTED
    if parts.provenance.all_in(Standing.ATTESTED, Standing.DECLARED):
        return Grade.DECLARED
    if parts.provenance.all_in(Standing.ABSENT) and not any(finding.unread for finding in parts.inferred):
        return Grade.INFERRED
    return Grade.NONE


def _verdict(grade: Grade, findings: Iterable[Finding]) -> Verdict:
    if grade is not Grade.NONE:
        return Verdict.PROVEN
    every = tuple(findings)
    if contradicted(every) or not any(finding.unread for finding in every):
        return Verdict.NOT_PROVEN
    return Verdict.CANNOT_TELL


def _sorted(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(set(reasons), key=lambda reason: (_ORDER[reason.side], reason.identifier, reason.message)))


def _run_url(evidence: Evidence, provenance: Provenance) -> str | None:
    signed = sorted(claims.run_uri for claims in provenance.claims)
    if signed:
        return signed[-1]
    return evidence.run.value.run.url if isinstance(evidence.run, Found) else None
