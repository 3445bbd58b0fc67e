"""What the files' attestations amount to, one by one and together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.release import AttestationFact, Claims, Evidence, Expectation, FileEvidence
from keyless.proofs.findings import SKEW, Finding, clock, contradicts, is_before, open_question, unread
from keyless.proofs.identity import identity_findings, run_number, same_publisher

LONGEST_RUN: Final = timedelta(days=35)
"""GitHub ends a workflow run after 35 days, waiting for approval included: no file waits longer for its upload."""

_ATTEST = "a release with attestations for every file (the publish action makes them unless told not to)"


class Standing(Enum):
    """How far one file's provenance reaches. OPEN: nobody can tell, or something contradicts."""

    ATTESTED = "attested"
    DECLARED = "declared"
    ABSENT = "absent"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Provenance:
    """All files together: each one's standing, the findings, and the claims that were verified."""

    standings: tuple[Standing, ...]
    findings: tuple[Finding, ...]
    claims: tuple[Claims, ...]

    def all_in(self, *standings: Standing) -> bool:
        """Whether there are files and each stands as one of these."""
        return bool(self.standings) and all(standing in standings for standing in self.standings)


def examine(evidence: Evidence, expectation: Expectation) -> Provenance:
    """Judge each file's attestations, then whether the files agree with one another."""
    findings: list[Finding] = []
    standings: list[Standing] = []
    for each in evidence.files:
        found = list(_file(each, expectation))
        findings += found
        standings.append(_standing(each, found))
    findings += _together(evidence, standings)
    claims = tuple(fact.claims for fact in _facts(evidence) if fact.claims is not None)
    return Provenance(tuple(standings), tuple(findings), claims)


def _file(each: FileEvidence, expectation: Expectation) -> Iterator[Finding]:
    name, reading = each.file.filename, each.attestations
    if isinstance(reading, Unreadable):
        because = f"The provenance of {name} could not be read: {reading.because}."
        yield unread("provenance-unreadable", because, "look again")
    elif isinstance(reading, Missing) or not reading.value:
        if each.file.has_provenance:
            yield unread("index-disagrees", f"The index lists provenance of {name} and gives none.", "look again")
        else:
            yield open_question("no-provenance", f"{name} has no provenance, which proves nothing.", _ATTEST)
    else:
        if each.file.has_provenance is False:
            yield unread("index-disagrees", f"The index lists no provenance of {name} and gives some.", "look again")
        for fact in reading.value:
            yield from _fact(each, fact, expectation)


def _fact(each: FileEvidence, fact: AttestationFact, expectation: Expectation) -> Iterator[Finding]:
    name = each.file.filename
    if fact.unverifiable:
        yield from _unverified(name, fact, expectation.publisher)
    elif fact.refused is not None:
        yield contradicts("attestation-refused", f"An attestation of {name} does not hold: {fact.refused}.")
    elif fact.claims is None or fact.signed_at is None:
        yield unread("attestation-unverified", f"An attestation of {name} was not verified.", "verify again")
    else:
        yield from identity_findings(name, fact, fact.claims, expectation)
        if fact.stated is not None and not _agrees(fact.stated, fact.claims):
            yield contradicts("stated-differs", f"The index states {fact.stated} for {name}, its certificate another.")
        yield from _times(each, fact.signed_at, expectation)


def _times(each: FileEvidence, signed_at: datetime, expectation: Expectation) -> Iterator[Finding]:
    """A signature is made in the run that uploads: not after the upload, not long before it, not before the change."""
    name, uploaded_at = each.file.filename, each.file.uploaded_at
    if signed_at > uploaded_at + SKEW:
        yield contradicts("signed-after-upload", f"{name} was signed on {clock(signed_at)}, after its upload.")
    if signed_at < uploaded_at - LONGEST_RUN:
        yield contradicts(
            "signed-long-before",
            f"{name} was signed on {clock(signed_at)}, {(uploaded_at - signed_at).days} days before its upload: "
            "no run lasts that long.",
        )
    if is_before(signed_at, expectation.after):
        yield contradicts(
            "signed-before-change",
            f"{name} was signed on {clock(signed_at)}, before the workflow was changed.",
            "a release made after the workflow was changed",
        )


def _unverified(name: str, fact: AttestationFact, expected: Publisher) -> Iterator[Finding]:
    if fact.stated is not None and same_publisher(fact.stated, expected):
        yield open_question(
            "declared-only",
            f"The index states {fact.stated} for {name}; the signature was not verified: {fact.refused}.",
            "verify where Sigstore's trust root can be used",
        )
    else:
        stated = str(fact.stated) if fact.stated else "a publisher that is not GitHub's"
        yield contradicts("publisher-differs", f"The index states {stated} for {name}, expected was {expected}.")


def _agrees(stated: Publisher, claims: Claims) -> bool:
    repository = f"https://github.com/{stated.owner}/{stated.repository}"
    return (
        claims.repository_uri.lower() == repository.lower()
        and f"/.github/workflows/{stated.workflow}@" in claims.build_config_uri
    )


def _standing(each: FileEvidence, findings: list[Finding]) -> Standing:
    if any(finding.unread or finding.reason.side == "against" for finding in findings):
        return Standing.OPEN
    if not isinstance(each.attestations, Found) or not each.attestations.value:
        return Standing.ABSENT
    declared = any(fact.unverifiable for fact in each.attestations.value)
    return Standing.DECLARED if declared else Standing.ATTESTED


def _together(evidence: Evidence, standings: list[Standing]) -> Iterator[Finding]:
    """Files that disagree contradict the proof: something else uploaded a part of the release."""
    with_provenance = [
        isinstance(each.attestations, Found) and bool(each.attestations.value) for each in evidence.files
    ]
    if any(with_provenance) and Standing.ABSENT in standings:
        missing = [e.file.filename for e, s in zip(evidence.files, standings, strict=True) if s is Standing.ABSENT]
        yield contradicts(
            "mixed-files",
            f"Some files have provenance and {', '.join(sorted(missing))} has none: something else uploaded it.",
            _ATTEST,
        )
    facts = list(_facts(evidence))
    if len({_key(fact.stated) for fact in facts if fact.stated is not None}) > 1:
        names = sorted({str(fact.stated) for fact in facts if fact.stated is not None})
        yield contradicts("two-publishers", f"The files came through different publishers: {'; '.join(names)}.")
    runs = {run_number(fact.claims.run_uri) for fact in facts if fact.claims is not None}
    if len(runs) > 1:
        yield contradicts("two-runs", f"The files came from different runs: {', '.join(sorted(map(str, runs)))}.")


def _key(publisher: Publisher) -> tuple[str, ...]:
    environment = (publisher.environment or "").lower()
    return publisher.owner.lower(), publisher.repository, publisher.workflow, environment


def _facts(evidence: Evidence) -> Iterator[AttestationFact]:
    for each in evidence.files:
        if isinstance(each.attestations, Found):
            yield from each.attestations.value
