"""Delete the branch of a merged pull request of ours: as long as it lives, what is on it can be run (S3)."""

from __future__ import annotations

from dataclasses import dataclass

from keyless.engine import Check, Done, Ready
from keyless.errors import StalePlan, TryLater
from keyless.model.journey import StepRecord
from keyless.model.plan import DeleteBranch
from keyless.model.reading import Found, Missing, Unreadable
from keyless.steps.toolbox import Toolbox
from keyless.steps.unread import unread


@dataclass(frozen=True, slots=True)
class DeleteBranchPerformer:
    """Touches only the branch that the plan names, and only once its pull request was merged, or was given up."""

    tools: Toolbox

    async def check(self, step: DeleteBranch, record: StepRecord | None) -> Check:
        if not await self._is_there(step):
            return Done("is gone", {"absent": True})
        if step.unmerged:
            return Ready()
        match await self.tools.github.find_pull_request(step.repository, step.branch):
            case Found(pull) if pull.state == "merged":
                return Ready()
            case Unreadable() as reading:
                raise unread(f"The pull requests of {step.repository}", reading)
            case _:
                return Done("left alone: its pull request was not merged", {"absent": False})

    async def act(self, step: DeleteBranch) -> None:
        await self.tools.github.delete_branch(step.repository, step.branch)

    async def confirm(self, step: DeleteBranch) -> Done:
        if await self._is_there(step):
            raise TryLater(
                f"Branch {step.branch} is still listed after its deletion.",
                hint="Run the same command again in a minute.",
                untouched="",
            )
        return Done("is gone", {"absent": True, "ours": True})

    async def _is_there(self, step: DeleteBranch) -> bool:
        match await self.tools.github.branches(step.repository):
            case Found(branches):
                return any(branch.name == step.branch for branch in branches)
            case Unreadable() as reading:
                raise unread(f"The branches of {step.repository}", reading)
            case Missing(what):
                raise StalePlan(f"{what} is not there any more.", hint="Was it renamed or deleted?")
