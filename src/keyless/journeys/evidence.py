"""What the outcome of a step rests on, in words for the receipt. The evidence itself stands in the journal as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from keyless.model.codec import Json
from keyless.model.plan import (
    ChangeWorkflow,
    CheckProof,
    CloseJourney,
    DeleteBranch,
    OpenWindow,
    ProveRelease,
    RegisterPublisher,
    RemoveSecret,
    RestoreSecret,
    RestoreWorkflow,
    RevokeToken,
    SealBackup,
    SelectRepository,
    ShredBackup,
    SkippedProof,
    Step,
    UnselectRepository,
)


def in_words(step: Step, evidence: Json) -> str:  # noqa: PLR0911, C901  # a table: one line for each kind of step
    """Return what `evidence` (a done step's) says; empty where it says nothing."""
    if not isinstance(evidence, dict):
        return ""
    if evidence.get("rebuilt") is True:
        return "found so when the journal was rebuilt"
    match step:
        case RegisterPublisher():
            return f"shown: {step.publisher}"
        case ChangeWorkflow() | RestoreWorkflow():
            return f"{step.base} has it since commit {_text(evidence, 'commit')[:12]}"
        case ProveRelease() | CheckProof():
            return _proof(evidence)
        case SkippedProof():
            return f"skipped: {step.reason}"
        case SealBackup():
            return _backup(evidence)
        case DeleteBranch() | RemoveSecret() | UnselectRepository() | RestoreSecret() | SelectRepository():
            return _seen(step, evidence)
        case RevokeToken():
            return _revoked(step, evidence)
        case OpenWindow():
            return f"for {step.days} days"
        case ShredBackup():
            return "its keys are destroyed"
        case CloseJourney():
            return step.outcome


def _seen(
    step: DeleteBranch | RemoveSecret | UnselectRepository | RestoreSecret | SelectRepository,
    evidence: Mapping[str, Json],
) -> str:
    ours = evidence.get("ours") is True
    match step:
        case DeleteBranch():
            return "GitHub no longer lists it" if evidence.get("absent") is True else "left alone: it was not merged"
        case RemoveSecret():
            return "GitHub no longer lists it" if ours else "GitHub did not list it any more"
        case UnselectRepository():
            return "it is not on the list any more" if ours else "it was not on the list"
        case RestoreSecret():
            same = "as before" if evidence.get("as_before") is True else "but seen by other repositories than before"
            return f"GitHub lists it {'again' if ours else 'already'}, {same}"
        case SelectRepository():
            return "it is on the list again" if ours else "it was on the list"


def _proof(evidence: Mapping[str, Json]) -> str:
    judgement = evidence.get("judgement")
    if not isinstance(judgement, dict):
        return "proven"
    return f"release {_text(judgement, 'version')} is {_text(judgement, 'grade')}"


def _backup(evidence: Mapping[str, Json]) -> str:
    if evidence.get("declined") is True:
        return "no backup, as was chosen"
    until = _text(evidence, "expires_at")
    day = f", usable until {datetime.fromisoformat(until):%Y-%m-%d}" if until else ""
    return f"backup {_text(evidence, 'backup')}, read again from disk and opened{day}"


def _revoked(step: RevokeToken, evidence: Mapping[str, Json]) -> str:
    if evidence.get("gone") is True:
        return f"{step.index.label} does not know this token any more"
    return "the operator's word, not proven" if evidence.get("stated") is True else "not known"


def _text(evidence: Mapping[str, Json], key: str) -> str:
    value = evidence.get(key)
    return value if isinstance(value, str) else ""
