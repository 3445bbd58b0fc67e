"""A new plan in the middle of a journey: what was done stays known, so that it can be undone; the rest is planned anew.

A step that is done and still fits is kept as it is. One that is done and fits no longer keeps its id for what it did,
and its successor gets a fresh one. One that was only begun is looked at anew, unless its effect is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from keyless.model.github import SecretEntry, Store
from keyless.model.journey import StepRecord, StepState
from keyless.model.plan import (
    BackupChoice,
    BackupItem,
    ChangeWorkflow,
    DeleteBranch,
    Delivery,
    Plan,
    ProveRelease,
    RemoveSecret,
    SealBackup,
    Step,
    UnselectRepository,
)

_Kept: TypeAlias = tuple[Store, str]
"""A secret by its store and its name in capitals, as GitHub tells them apart."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What was kept of a secret, and of which of its values: GitHub tells them apart by the time of the change only."""

    choice: BackupChoice
    updated_at: datetime


def edited(old: Plan, new: Plan, done: set[str]) -> tuple[SecretEntry, ...]:
    """Return the secrets of `new` that got another value after their backup was made: no backup holds that one."""
    sealed = {
        _key(item.entry): item.entry.updated_at
        for step in old.steps
        if isinstance(step, SealBackup) and step.id in done
        for item in step.items
    }
    items = [item for step in new.steps if isinstance(step, SealBackup) and step.id not in done for item in step.items]
    return tuple(
        item.entry for item in items if sealed.get(_key(item.entry), item.entry.updated_at) != item.entry.updated_at
    )


@dataclass(frozen=True, slots=True)
class World:
    """What is to be seen now. `spoiled` are backup steps whose file is not there any more as it was opened.

    `entries` are the secrets in the stores that can be read, `files` the automation files of the default branch.
    """

    spoiled: frozenset[str]
    entries: frozenset[tuple[Store, str]]
    files: Mapping[str, bytes]


def merge(old: Plan, new: Plan, records: Sequence[StepRecord], world: World) -> Plan:
    """Return `new` with what a rollback of `old` needs kept in front, and with what is done already marked by its id."""
    done = {record.step for record in records if record.state is StepState.DONE}
    begun = {record.step for record in records}
    fitting = {step.id for step in new.steps if step.id in done - world.spoiled and step in old.steps}
    sealed = {
        _key(item.entry): _Sealed(item.choice, item.entry.updated_at)
        for step in old.steps
        if isinstance(step, SealBackup) and step.id in done - world.spoiled
        for item in step.items
    }
    kept = list(_kept(old, fitting, done, begun, world))
    moved = any(isinstance(step, ChangeWorkflow) and step.id in done for step in new.steps)
    steps: list[Step] = []
    for step in new.steps:
        if step.id in fitting and not (moved and isinstance(step, ProveRelease)):
            steps.append(step)
        elif isinstance(step, SealBackup):
            items = tuple(_unsealed(step, sealed, old, done, world))
            steps += [_fresh(replace(step, items=items), done, begun)] if items else []
        else:
            steps.append(_fresh(step, done, begun))
    anew = {_key(item.entry) for step in steps if isinstance(step, SealBackup) for item in step.items}
    # A secret that got another value since keeps the backup of its former one: that token has to end, too.
    changed = {_key(entry) for entry in edited(old, replace(new, steps=tuple(steps)), done)}
    anew -= {key for key in changed if key in sealed and sealed[key].choice is not BackupChoice.NONE}
    return replace(new, steps=(*_without(kept, anew), *steps))


def _kept(old: Plan, again: set[str], done: set[str], begun: set[str], world: World) -> Iterator[Step]:
    """Yield the steps of `old` that had an effect: a rollback undoes them, and the end needs to know of them."""
    landed: set[str] = set()
    for step in old.steps:
        if step.id in again:
            continue
        match step:
            case ChangeWorkflow() if step.id in begun:
                if step.id in done or all(world.files.get(c.path) == c.after for c in step.changes):
                    landed.add(step.branch)
                    yield step
                elif step.delivery is Delivery.PULL_REQUEST:
                    yield DeleteBranch(f"drop:{step.branch}", step.repository, step.branch, unmerged=True)
            case DeleteBranch() if step.branch in landed and step.id not in done:
                yield replace(step, id=f"drop:{step.branch}")
            case RemoveSecret() if step.id in done or (step.id in begun and _gone(step.entry, world)):
                yield step
            case UnselectRepository() if step.id in begun:
                yield step
            case SealBackup() if step.id in done:
                yield step


def _gone(entry: SecretEntry, world: World) -> bool:
    return (entry.store, entry.name.upper()) not in {(store, name.upper()) for store, name in world.entries}


def _unsealed(
    step: SealBackup, sealed: Mapping[_Kept, _Sealed], old: Plan, done: set[str], world: World
) -> Iterator[BackupItem]:
    """Yield what has to be backed up yet, with the removed secrets whose backup is spoiled: their tokens are asked for."""
    yield from (
        item for item in step.items if sealed.get(_key(item.entry)) != _Sealed(item.choice, item.entry.updated_at)
    )
    here = {_key(item.entry) for item in step.items}
    for former in old.steps:
        if isinstance(former, SealBackup) and former.id in done and former.id in world.spoiled:
            yield from (
                item for item in former.items if _key(item.entry) not in here and _key(item.entry) not in sealed
            )


def _without(kept: Sequence[Step], anew: set[_Kept]) -> Iterator[Step]:
    for step in kept:
        if not isinstance(step, SealBackup):
            yield step
        elif items := tuple(item for item in step.items if _key(item.entry) not in anew):
            yield replace(step, items=items)


def _key(entry: SecretEntry) -> _Kept:
    return entry.store, entry.name.upper()


def _fresh(step: Step, done: set[str], begun: set[str]) -> Step:
    """Return `step`, under another id when its own speaks of something that was done."""
    if step.id not in done:
        return step
    number = 2
    while f"{step.id}#{number}" in begun:
        number += 1
    return replace(step, id=f"{step.id}#{number}")
