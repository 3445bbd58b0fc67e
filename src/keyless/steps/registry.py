"""Which performer does which kind of step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keyless.engine import Outside, Performer
from keyless.model import plan
from keyless.steps.backup import SealBackupPerformer
from keyless.steps.ends import CloseJourneyPerformer, OpenWindowPerformer, ShredBackupPerformer
from keyless.steps.prove import ProvePerformer, SkippedProofPerformer
from keyless.steps.publisher import RegisterPublisherPerformer
from keyless.steps.remove import RemoveSecretPerformer, UnselectRepositoryPerformer
from keyless.steps.restore import RestoreSecretPerformer, SelectRepositoryPerformer
from keyless.steps.revoke import RevokeTokenPerformer
from keyless.steps.tidy import DeleteBranchPerformer
from keyless.steps.toolbox import Toolbox
from keyless.steps.workflow import WorkflowPerformer


def performers(tools: Toolbox, outside: Outside) -> Mapping[type, Performer[Any]]:
    """Return a performer for every kind of step; a test holds this against the union `Step`."""
    return {
        plan.RegisterPublisher: RegisterPublisherPerformer(tools, outside),
        plan.ChangeWorkflow: WorkflowPerformer(tools),
        plan.DeleteBranch: DeleteBranchPerformer(tools),
        plan.ProveRelease: ProvePerformer(tools),
        plan.SkippedProof: SkippedProofPerformer(tools),
        plan.SealBackup: SealBackupPerformer(tools),
        plan.RemoveSecret: RemoveSecretPerformer(tools),
        plan.UnselectRepository: UnselectRepositoryPerformer(tools),
        plan.OpenWindow: OpenWindowPerformer(tools),
        plan.RestoreSecret: RestoreSecretPerformer(tools),
        plan.SelectRepository: SelectRepositoryPerformer(tools),
        plan.RestoreWorkflow: WorkflowPerformer(tools),
        plan.CheckProof: ProvePerformer(tools),
        plan.RevokeToken: RevokeTokenPerformer(tools),
        plan.ShredBackup: ShredBackupPerformer(tools),
        plan.CloseJourney: CloseJourneyPerformer(tools),
    }
