"""Bring changed workflow files to the default branch, by pull request or in a checkout; forwards and backwards alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keyless.engine import Check, Done, Ready, Waiting
from keyless.errors import NotAllowed, StalePlan, TryLater
from keyless.model.codec import Json
from keyless.model.github import Branch
from keyless.model.journey import StepRecord
from keyless.model.plan import ChangeWorkflow, Delivery, RestoreWorkflow
from keyless.model.reading import Found, Missing, Unreadable
from keyless.services.system import apply_change
from keyless.steps.toolbox import Toolbox

_BODY = """\
{why}

- Nothing but the lines that have to change was changed.
- Merge this, then release as usual; keyless proves afterwards how the release went out.
"""


@dataclass(frozen=True, slots=True)
class WorkflowPerformer:
    """Compares by content: files as they should become are done, as they were are ready, anything else is stale."""

    tools: Toolbox

    async def check(self, step: ChangeWorkflow | RestoreWorkflow, record: StepRecord | None) -> Check:
        head = await self._head(step)
        if await self._all_as(step, head.commit, after=True):
            landed = min(head.committed_at or self.tools.clock.now(), self.tools.clock.now())
            return Done(f"on {step.base} since {landed:%Y-%m-%d %H:%M} UTC", _landed(head, landed.isoformat()))
        if not await self._all_as(step, head.commit, after=False):
            raise StalePlan(
                f"{step.changes[0].path} on {step.base} is not what the plan saw.",
                hint="Run the same command with --replan to look again.",
                untouched="No file was changed.",
            )
        return await self._proposed(step) if step.delivery is Delivery.PULL_REQUEST else self._written(step)

    async def act(self, step: ChangeWorkflow | RestoreWorkflow) -> None:
        if step.delivery is Delivery.LOCAL:
            for change in step.changes:
                apply_change(_folder(step), change)
            return
        head = await self._head(step)
        title, why = _words(step)
        await self.tools.github.propose(
            step.repository,
            branch=step.branch,
            base=step.base,
            expected_head=head.commit,
            changes=step.changes,
            title=title,
            body=_BODY.format(why=why),
        )

    async def confirm(self, step: ChangeWorkflow | RestoreWorkflow) -> Done | Waiting:
        check = await self.check(step, None)
        if isinstance(check, Ready):
            raise TryLater(
                "The change was sent, and GitHub does not show it yet.", hint="Run the same command again in a minute."
            )
        return check

    async def _head(self, step: ChangeWorkflow | RestoreWorkflow) -> Branch:
        match await self.tools.github.branches(step.repository):
            case Found(branches):
                for branch in branches:
                    if branch.name == step.base:
                        return branch
                raise StalePlan(
                    f"{step.repository} has no branch '{step.base}' any more.",
                    hint="Run the same command with --replan to look again.",
                )
            case Unreadable(because=because):
                raise TryLater(f"The branches of {step.repository} could not be read: {because}.")
            case Missing():
                raise StalePlan(f"{step.repository} is not there any more.", hint="Was it renamed or deleted?")

    async def _all_as(self, step: ChangeWorkflow | RestoreWorkflow, commit: str, *, after: bool) -> bool:
        readings = await self.tools.github.files(step.repository, commit, [change.path for change in step.changes])
        for change, reading in zip(step.changes, readings, strict=True):
            if isinstance(reading, Unreadable):
                raise TryLater(f"{change.path} could not be read: {reading.because}.")
            wanted = change.after if after else change.before
            if not isinstance(reading, Found) or reading.value.content != wanted:
                return False
        return True

    async def _proposed(self, step: ChangeWorkflow | RestoreWorkflow) -> Check:
        match await self.tools.github.find_pull_request(step.repository, step.branch):
            case Found(pull) if pull.state == "open":
                what = f"Pull request #{pull.number} waits for its merge"
                return Waiting(
                    what,
                    TryLater(f"{what}: {pull.url}", hint="Merge it, then run the same command again."),
                    pull.url,
                    ("Review it and merge it; nothing else was changed.",),
                    {"pull_request": pull.number, "url": pull.url},
                )
            case Unreadable(because=because, permission=permission):
                raise NotAllowed(
                    f"Pull requests of {step.repository} could not be read: {because}.",
                    hint=f"The GitHub token needs '{permission}'." if permission else "",
                )
            case _:
                return Ready()

    def _written(self, step: ChangeWorkflow | RestoreWorkflow) -> Check:
        folder = _folder(step)
        now = [_read(folder / change.path) for change in step.changes]
        if now == [change.after for change in step.changes]:
            what = f"The changed files in {folder} wait to be committed and pushed to {step.base}"
            hint = "Commit and push them, then run the same command again."
            return Waiting(what, TryLater(f"{what}.", hint=hint, untouched=""), None, (hint,))
        if now == [change.before for change in step.changes]:
            return Ready()
        raise StalePlan(
            f"The files in {folder} are not what the plan saw.",
            hint=f"Bring the checkout to {step.base} as it is on GitHub, then run the same command again.",
            untouched="No file was changed.",
        )


def _landed(head: Branch, at: str) -> Json:
    return {"commit": head.commit, "at": at}


def _folder(step: ChangeWorkflow | RestoreWorkflow) -> Path:
    return Path(step.folder or ".")


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _words(step: ChangeWorkflow | RestoreWorkflow) -> tuple[str, str]:
    if isinstance(step, ChangeWorkflow):
        return "Publish to PyPI without an API token", (
            "Releases prove who they are with OIDC (trusted publishing); the workflow no longer reads an API token."
        )
    return "Publish to PyPI with the API token again", "This puts the workflow back exactly as it was before."
