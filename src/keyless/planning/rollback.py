"""What was done, undone: from the journal, or from a backup when there is nothing else. Rollback after migrate is identity (S4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from keyless.model.backup import BackupContents
from keyless.model.github import Repository, SecretEntry, Store, StoreKind
from keyless.model.journey import BackupRecord, StepRecord
from keyless.model.plan import (
    BackupItem,
    ChangeWorkflow,
    CloseJourney,
    DeleteBranch,
    Delivery,
    Phase,
    Plan,
    RemoveSecret,
    RestoreSecret,
    RestoreWorkflow,
    SealBackup,
    SelectRepository,
    Step,
    UnselectRepository,
)
from keyless.model.workflow import FileChange
from keyless.planning.branches import branch_name


def plan_rollback(
    migration: Plan, records: Sequence[StepRecord], backups: Sequence[BackupRecord], now: datetime
) -> Plan:
    """Return the steps that undo everything of `migration` that was begun, in reverse: secrets first, then the workflow.

    A step that was only intended counts as done: its undo looks at the world and does nothing where nothing happened.
    """
    begun = {record.step for record in records if record.phase is Phase.MIGRATE}
    where = _Backups(migration, records, [backup.id for backup in backups if backup.shredded_at is None])
    steps = [undo for step in reversed(migration.steps) if step.id in begun for undo in _undo(step, where, now)]
    once = _each_once(steps)
    return Plan(Phase.ROLLBACK, migration.repository, (*once, CloseJourney("close", "rolled-back")), now)


def _each_once(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield each secret's return once; what else was done twice is undone twice, the second time under another id."""
    seen: Counter[str] = Counter()
    for step in steps:
        seen[step.id] += 1
        if seen[step.id] == 1:
            yield step
        elif not isinstance(step, RestoreSecret | SelectRepository):
            yield replace(step, id=f"{step.id}#{seen[step.id]}")


def plan_from_backup(contents: BackupContents, backup_id: str, delivery: Delivery, now: datetime) -> Plan:
    """Return the steps that a backup alone allows, on a machine that knows nothing else."""
    repository = contents.subject.repository
    steps: list[Step] = [
        RestoreSecret(_restore_id(kept.entry.store, kept.entry.name), kept.entry, backup_id)
        for kept in contents.secrets
    ]
    if contents.workflow is not None:
        kept = contents.workflow
        steps += _restore_workflow(repository, kept.branch, kept.changes, delivery, None, now)
    return Plan(Phase.ROLLBACK, repository, (*steps, CloseJourney("close", "rolled-back")), now)


@dataclass(frozen=True, slots=True)
class _Backups:
    """Says which backup holds a secret: that of the last step that sealed it, otherwise the newest of all."""

    migration: Plan
    records: Sequence[StepRecord]
    kept: Sequence[str]

    def of(self, entry: SecretEntry) -> str:
        evidence = {r.step: r.evidence for r in self.records if r.phase is Phase.MIGRATE}
        found = self.kept[-1] if self.kept else ""
        for step in self.migration.steps:
            if isinstance(step, SealBackup) and any(_is_of(item, entry) for item in step.items):
                said = evidence.get(step.id)
                backup = said.get("backup") if isinstance(said, dict) else None
                found = str(backup) if backup in self.kept else found
        return found


def _is_of(item: BackupItem, entry: SecretEntry) -> bool:
    return item.entry.store == entry.store and item.entry.name == entry.name


def _undo(step: Step, backups: _Backups, now: datetime) -> Iterator[Step]:
    match step:
        case RemoveSecret(entry=entry):
            yield RestoreSecret(_restore_id(entry.store, entry.name), entry, backups.of(entry))
        case UnselectRepository(entry=entry, repository_id=number):
            yield SelectRepository(f"select:{entry.name}", entry, number)
        case ChangeWorkflow():
            yield from _restore_workflow(step.repository, step.base, step.changes, step.delivery, step.folder, now)
            if step.delivery is Delivery.PULL_REQUEST:  # still open when the migration never got past it
                yield DeleteBranch(f"unpropose:{step.branch}", step.repository, step.branch, unmerged=True)


def _restore_id(store: Store, name: str) -> str:
    where = f"{store.kind.value}:{store.environment}" if store.kind is StoreKind.ENVIRONMENT else store.kind.value
    return f"restore:{where}/{name}"


def _restore_workflow(
    repository: Repository,
    base: str,
    changes: tuple[FileChange, ...],
    delivery: Delivery,
    folder: str | None,
    now: datetime,
) -> Iterator[Step]:
    backwards = tuple(FileChange(change.path, before=change.after, after=change.before) for change in changes)
    branch = branch_name("rollback", backwards, now.isoformat())
    yield RestoreWorkflow("restore-workflow", repository, base, branch, backwards, delivery, folder)
    if delivery is Delivery.PULL_REQUEST:
        yield DeleteBranch("branch", repository, branch)
