"""Bring changed workflow files to the default branch, by pull request or in a checkout; forwards and backwards alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from keyless.engine import Check, Done, Ready, Waiting
from keyless.errors import StalePlan, TryLater
from keyless.model.codec import Json
from keyless.model.github import Branch, SourceFile
from keyless.model.journey import StepRecord
from keyless.model.plan import ChangeWorkflow, Delivery, RestoreWorkflow
from keyless.model.reading import Found, Missing, Unreadable
from keyless.services.system import apply_change
from keyless.steps.toolbox import Toolbox
from keyless.steps.unread import unread
from keyless.workflows import uses_token

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
            if isinstance(step, RestoreWorkflow) and self._left_in_folder(step):
                return Ready()
            landed = await self._since(step, head)
            return Done(f"on {step.base} since {landed:%Y-%m-%d %H:%M} UTC", _landed(head, landed.isoformat()))
        if not await self._all_as(step, head.commit, after=False):
            if isinstance(step, RestoreWorkflow):
                return await self._edited(step, head)
            raise StalePlan(
                f"{step.changes[0].path} on {step.base} is not what the plan saw.",
                hint="Run the same command with --replan to look again.",
                untouched="No file was changed.",
            )
        return await self._proposed(step) if step.delivery is Delivery.PULL_REQUEST else self._written(step)

    async def _edited(self, step: RestoreWorkflow, head: Branch) -> Check:
        """Judge files that somebody edited after the migration: keyless has no bytes to put there, a person has.

        Done when each reads a credential again or is gone. Raises StalePlan, which names what is left to do by hand.
        """
        paths = [change.path for change in step.changes]
        found: list[SourceFile] = []
        for path, reading in zip(
            paths, await self.tools.github.files(step.repository, head.commit, paths), strict=True
        ):
            match reading:
                case Unreadable():
                    raise unread(path, reading)
                case Missing():
                    self.tools.observer.warning(f"{path} was deleted after the migration, and is left so.")
                case Found(file):
                    found.append(file)
        left = [file.path for file in found if uses_token(found, file.path) is not True]
        if left:
            raise StalePlan(
                f"{', '.join(left)} was edited on {step.base} after the migration, so its old text cannot go back there.",
                hint=f"Let {', '.join(left)} upload with the token again, by hand; then run the same command again.",
                untouched="No file was changed; the secrets that were removed are back.",
            )
        return Done(f"on {step.base}: edited by somebody else, and left as it is", _landed(head, self._now()))

    def _now(self) -> str:
        return self.tools.clock.now().isoformat()

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

    async def _since(self, step: ChangeWorkflow | RestoreWorkflow, head: Branch) -> datetime:
        """Return when the change came to the branch: its merge, or the last commit that touched one of its files.

        Not when it was first seen here: a release made in between has to count.
        """
        if step.delivery is Delivery.PULL_REQUEST:
            pull = await self.tools.github.find_pull_request(step.repository, step.branch)
            if isinstance(pull, Found) and pull.value.merged_at is not None:
                return pull.value.merged_at
        times = [head.committed_at or self.tools.clock.now()]
        touched = [
            await self.tools.github.last_change(step.repository, head.commit, change.path) for change in step.changes
        ]
        if touched and all(isinstance(reading, Found) for reading in touched):
            times = [reading.value for reading in touched if isinstance(reading, Found)]
        return min(max(times), self.tools.clock.now())

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
            case Unreadable() as reading:
                raise unread(f"The branches of {step.repository}", reading)
            case Missing():
                raise StalePlan(f"{step.repository} is not there any more.", hint="Was it renamed or deleted?")

    async def _all_as(self, step: ChangeWorkflow | RestoreWorkflow, commit: str, *, after: bool) -> bool:
        readings = await self.tools.github.files(step.repository, commit, [change.path for change in step.changes])
        for change, reading in zip(step.changes, readings, strict=True):
            if isinstance(reading, Unreadable):
                raise unread(change.path, reading)
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
                    TryLater(
                        f"{what}: {pull.url}",
                        hint="Merge it, then run the same command again.",
                        untouched="Nothing but this proposal was made.",
                    ),
                    pull.url,
                    ("Review it and merge it; nothing else was changed.",),
                    {"pull_request": pull.number, "url": pull.url},
                )
            case Unreadable() as reading:
                raise unread(f"The pull requests of {step.repository}", reading)
            case _:
                return Ready()

    def _left_in_folder(self, step: RestoreWorkflow) -> bool:
        """Whether a checkout still holds what was written into it and never pushed."""
        if step.delivery is not Delivery.LOCAL:
            return False
        return [_read(_folder(step) / change.path) for change in step.changes] == [c.before for c in step.changes]

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
