"""What must hold before a secret goes: proven (S2), kept or declined (S1), read by nobody (S3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from keyless import proofs
from keyless.errors import BackupRefused, NotProven, StalePlan, StillReferenced, TryLater
from keyless.model.github import Repository, SecretEntry, StoreKind
from keyless.model.index import Index
from keyless.model.journey import StepRecord, StepState
from keyless.model.plan import BackupItem, Phase, Plan, ProveRelease, SealBackup, SkippedProof
from keyless.model.proof import Verdict
from keyless.model.reading import Found
from keyless.model.survey import SharedUse
from keyless.planning.readers import Reader, readers
from keyless.steps.judging import judge_newest, workflow_landed
from keyless.steps.toolbox import Toolbox
from keyless.surveying.branches import read_branches
from keyless.surveying.repository import find_repository
from keyless.surveying.shared import read_shared
from keyless.surveying.stores import read_stores

FRESH: Final = timedelta(hours=1)
"""How long a proof stands without another look: a run that is not interrupted looks once."""

_OF_WORKFLOWS = (StoreKind.REPOSITORY, StoreKind.ENVIRONMENT, StoreKind.ORGANISATION)


def require_proof(tools: Toolbox, plan: Plan) -> None:
    """S2: every proof of the plan is in the journal as done, or as skipped with a reason."""
    done = _done(tools)
    lacking = [step for step in plan.steps if isinstance(step, ProveRelease | SkippedProof) and step.id not in done]
    if lacking or not any(isinstance(step, ProveRelease) for step in plan.steps):
        names = ", ".join(f"{step.project} on {step.index.label}" for step in lacking) or "anything"
        raise NotProven(
            f"A secret may go only after a proven release, and there is no proof for {names}.",
            hint="Make a release through the trusted publisher, then run the same command again.",
            untouched="No secret was removed.",
        )


async def require_still_proven(tools: Toolbox, plan: Plan) -> None:
    """S2: a proof that lies back is judged anew on PyPI, by the newest release there; contradicted, it opens nothing.

    TestPyPI's is not: files come and go there, and no user depends on them. Raises NotProven, or TryLater (S11).
    """
    done, now = _done(tools), tools.clock.now()
    for step in plan.steps:
        if not isinstance(step, ProveRelease) or step.index is not Index.PYPI or now - done[step.id].at <= FRESH:
            continue
        judgement = await judge_newest(tools, step, after=workflow_landed(tools))
        lacking = proofs.gate([judgement] if judgement else [], [(step.index, step.project)], step.bar)
        if not lacking:
            continue
        if judgement is not None and judgement.verdict is Verdict.CANNOT_TELL:
            raise TryLater(
                f"The proof could not be looked at again. {lacking[0]}", hint="Run the same command again later."
            )
        raise NotProven(
            f"{step.project} was proven on {done[step.id].at:%Y-%m-%d}, and by now its newest release is no proof. "
            f"{lacking[0]}",
            hint="Release through the trusted publisher once more, then run the same command again.",
            untouched="No secret was removed.",
        )


def require_backup(tools: Toolbox, plan: Plan, entry: SecretEntry) -> None:
    """S1: a backup of this very value is on disk, byte for byte the one that was opened, or the operator declined one."""
    done = _done(tools)
    for step in plan.steps:
        if isinstance(step, SealBackup) and step.id in done and any(_is_of(item, entry) for item in step.items):
            if backup_holds(tools, done[step.id]):
                return
            raise BackupRefused(
                f"The backup of {step.repository} is not there any more as it was opened after it was made.",
                hint="Make a new one: run the same command again with --replan.",
                untouched=f"{entry.name} was not removed.",
            )
    raise BackupRefused(
        f"No backup of {entry.name} in {entry.store} was made.",
        hint="Make one: run the same command again with --replan.",
        untouched=f"{entry.name} was not removed.",
    )


def backup_holds(tools: Toolbox, record: StepRecord) -> bool:
    """Whether what a backup step recorded is still so: the file is the one that was opened, or a backup was declined."""
    evidence = record.evidence
    if not isinstance(evidence, dict):
        return False
    if evidence.get("declined") is True:
        return True
    known = {backup.id: backup for backup in tools.journal.backups(tools.journey) if backup.shredded_at is None}
    backup = known.get(str(evidence.get("backup")))
    if backup is None or not tools.vault.holds(backup.id):
        return False
    return tools.vault.digest(backup.id) == backup.sha256


def _is_of(item: BackupItem, entry: SecretEntry) -> bool:
    """Whether a backup is of this secret, and of the value that it has now: another one is in no backup."""
    same = item.entry.store == entry.store and item.entry.name.upper() == entry.name.upper()
    return same and item.entry.updated_at == entry.updated_at


async def require_no_namesake(tools: Toolbox, plan: Plan, entry: SecretEntry) -> None:
    """Raise StalePlan when a secret of this name came into another store of the workflows after the plan was made.

    Whoever put it there means it to be read; with this one gone, runs would quietly take that one.
    """
    here = await tools.github.repository(plan.repository)
    if not isinstance(here, Found):
        return
    for reading in await read_stores(tools.github, here.value, await tools.github.environments(plan.repository)):
        others = reading.entries.value if isinstance(reading.entries, Found) else ()
        for other in others:
            named = other.name.upper() == entry.name.upper() and reading.store != entry.store
            if named and other.updated_at > plan.made_at and reading.store.kind in _OF_WORKFLOWS:
                raise StalePlan(
                    f"A secret {other.name} was put into {reading.store} at {other.updated_at:%Y-%m-%d %H:%M} UTC, "
                    "after the plan.",
                    hint="Find out what it is for, then run the same command again with --replan.",
                    untouched=f"{entry.name} in {entry.store} was not removed.",
                )


async def require_unread(
    tools: Toolbox, repository: Repository, entry: SecretEntry, accepted: tuple[str, ...], *, elsewhere: bool
) -> None:
    """S3: nothing that can still run reads the secret, as the world is now.

    `elsewhere`: other repositories of the organisation count too. Raises StillReferenced with all that is not accepted.
    """
    branches = await read_branches(tools.github, repository, {})
    shared: tuple[SharedUse, ...] = ()
    if elsewhere:
        shared = await read_shared(tools.github, await find_repository(tools.github, repository), [entry])
    found = readers(entry.name, branches, shared)
    refuse_readers(entry, [reader for reader in found if reader.key not in accepted])


def refuse_readers(entry: SecretEntry, found: list[Reader]) -> None:
    """Raise StillReferenced when anything is left that reads the secret or may."""
    if not found:
        return
    raise StillReferenced(
        f"{entry.name} in {entry.store} is still needed: {'; '.join(reader.says for reader in found[:6])}.",
        hint="Change or delete what reads it, or accept it by its name with --accept-reference "
        f"({', '.join(dict.fromkeys(reader.key for reader in found[:6]))}).",
        untouched=f"{entry.name} was not removed.",
    )


def _done(tools: Toolbox) -> dict[str, StepRecord]:
    records = tools.journal.records(tools.journey, Phase.MIGRATE)
    return {record.step: record for record in records if record.state is StepState.DONE}
