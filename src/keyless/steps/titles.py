"""Each step in words, for people."""

from __future__ import annotations

from typing import assert_never

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


def title(step: Step) -> str:  # noqa: PLR0911, PLR0912, C901  # a table: one line for each kind of step
    """Return what the step does, as a short imperative."""
    match step:
        case RegisterPublisher():
            kind = "pending publisher" if step.pending else "trusted publisher"
            return f"Register the {kind} of {step.project} on {step.index.label}"
        case ChangeWorkflow():
            return f"Take the token out of {_paths(step)}"
        case DeleteBranch():
            return f"Delete the {'proposed' if step.unmerged else 'merged'} branch {step.branch}"
        case ProveRelease():
            return f"Prove a release of {step.project} on {step.index.label}"
        case SkippedProof():
            return f"Go on without a proof of {step.project} on {step.index.label}"
        case SealBackup():
            return f"Back up {', '.join(item.entry.name for item in step.items)}"
        case RemoveSecret():
            return f"Remove {step.entry.name} from {step.entry.store}"
        case UnselectRepository():
            return f"Take {step.repository} off the list of {step.entry.name}"
        case OpenWindow():
            return f"Open the rollback window of {step.days} days"
        case RestoreSecret():
            return f"Put {step.entry.name} back into {step.entry.store}"
        case SelectRepository():
            return f"Put this repository back on the list of {step.entry.name}"
        case RestoreWorkflow():
            return f"Put {_paths(step)} back as it was"
        case CheckProof():
            return f"See that {step.project} on {step.index.label} is still published without a token"
        case RevokeToken():
            return f"Remove the token of {step.secret} on {step.index.label} (the point of no return)"
        case ShredBackup():
            return f"Destroy the keys of backup {step.backup}"
        case CloseJourney():
            return f"Close the journey: {step.outcome}"
        case _:
            assert_never(step)


def _paths(step: ChangeWorkflow | RestoreWorkflow) -> str:
    return ", ".join(change.path for change in step.changes)
