"""From backups and the world as it is to what the journal of a migration would say, where the journal is lost.

No more than that: what neither the backups nor the services tell stays unknown, and a proof is never taken for given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from keyless.model.backup import BackupContents, BackupHeader, KeptSecret
from keyless.model.codec import Json
from keyless.model.github import SecretEntry, Store
from keyless.model.index import Index, normalise
from keyless.model.journey import JourneyState
from keyless.model.plan import (
    BackupChoice,
    BackupItem,
    ChangeWorkflow,
    Delivery,
    OpenWindow,
    Origin,
    Phase,
    Plan,
    ProveRelease,
    RemoveSecret,
    SealBackup,
    Step,
)
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.survey import Survey
from keyless.planning.branches import branch_name
from keyless.planning.candidates import store_key
from keyless.planning.finish import item_key
from keyless.planning.uploads import Upload, uploads
from keyless.secret import Secret
from keyless.tokens import read

SEEN: Mapping[str, Json] = {"rebuilt": True}
"""The evidence of a step that was found to be so, and not seen to happen."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup that was opened, so that what it says is no claim."""

    header: BackupHeader
    contents: BackupContents


@dataclass(frozen=True, slots=True)
class World:
    """What the services say now. `present` are the kept secrets that are in their stores, by store and name.

    `named` is the project that the metadata beside an upload tells, by the upload's key.
    """

    survey: Survey
    present: Mapping[tuple[Store, str], SecretEntry]
    named: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A migration as far as it can be told: its plan, the steps that are done with their evidence, where it stands."""

    plan: Plan
    done: Mapping[str, Mapping[str, Json]]
    state: JourneyState
    window_until: datetime


def rebuild(backups: Sequence[Opened], world: World, user_name: str, bar: Grade) -> Rebuilt:
    """Return the migration that made `backups` (all of one journey, oldest first). `user_name` is no token but PyPI's word.

    `bar` is what is enough of a proof from here on: no backup tells what was enough before.

    Everything removed: its window is open. Something is still there: it goes on. Something was put back since, or the
    workflow is the old one again: it was rolled back, or was about to be.
    """
    kept = {(k.entry.store, k.entry.name): k for backup in backups for k in backup.contents.secrets}
    removed = [k for place, k in kept.items() if place not in world.present]
    change = _change(backups, world)
    seals = list(_seals(backups, user_name))
    proofs = list(_proofs(seals, world, bar))
    window = OpenWindow("window", seals[-1].window_days)
    steps: list[Step] = [*([change] if change else []), *proofs, *seals]
    steps += [RemoveSecret(_removal_id(k.entry), k.entry, ()) for k in kept.values()]
    plan = Plan(Phase.MIGRATE, backups[-1].contents.subject.repository, (*steps, window), world.survey.taken_at)
    state = _state(kept.values(), removed, world, changed=change is None or _landed(change, world))
    done = {seal.id: _evidence(seal, backup) for seal, backup in zip(seals, backups, strict=True)}
    if state is not JourneyState.ROLLED_BACK:
        if change is not None and _landed(change, world):
            done[change.id] = {**SEEN, "commit": world.survey.head}
        done |= {_removal_id(k.entry): {**SEEN, "absent": True} for k in removed}
        if state is JourneyState.WINDOW:
            done[window.id] = {**SEEN, "days": window.days}
    return Rebuilt(plan, done, state, min(backup.header.lease.expires_at for backup in backups))


def _removal_id(entry: SecretEntry) -> str:
    return f"remove:{store_key(entry)}/{entry.name}"


def _state(kept: Iterable[KeptSecret], removed: Sequence[KeptSecret], world: World, *, changed: bool) -> JourneyState:
    there = [(k, world.present[k.entry.store, k.entry.name]) for k in kept if k not in removed]
    put_back = any(entry.updated_at > k.entry.updated_at for k, entry in there)
    if not there:
        return JourneyState.WINDOW
    if removed:
        return JourneyState.ROLLING_BACK if put_back else JourneyState.MIGRATING
    return JourneyState.ROLLED_BACK if put_back or not changed else JourneyState.MIGRATING


def _change(backups: Sequence[Opened], world: World) -> ChangeWorkflow | None:
    kept = next((b.contents.workflow for b in reversed(backups) if b.contents.workflow), None)
    if kept is None:
        return None
    repository = backups[-1].contents.subject.repository
    head = kept.commit_before or world.survey.head
    branch = branch_name("trusted-publishing", kept.changes, head)
    return ChangeWorkflow(
        "workflow", repository, kept.branch, head, branch, kept.changes, Delivery.PULL_REQUEST, folder=None
    )


def _landed(change: ChangeWorkflow, world: World) -> bool:
    """Whether the change is there, or what somebody made of it since: anything but the old bytes."""
    files = {file.path: file.content for file in world.survey.files}
    return any(files.get(one.path) != one.before for one in change.changes)


def _seals(backups: Sequence[Opened], user_name: str) -> Iterator[SealBackup]:
    for number, backup in enumerate(backups, 1):
        subject, lease = backup.contents.subject, backup.header.lease
        items = tuple(_item(kept, subject.projects, user_name) for kept in backup.contents.secrets)
        days = max(1, (lease.expires_at - lease.issued_at).days)
        yield SealBackup("backup" if number == 1 else f"backup#{number}", subject.repository, items, days)


def _item(kept: KeptSecret, projects: tuple[str, ...], user_name: str) -> BackupItem:
    holds_token = kept.token is None or kept.token != Secret(user_name)
    named = read(kept.token).projects if kept.token is not None and holds_token else None
    return BackupItem(
        entry=kept.entry,
        choice=BackupChoice.TOKEN if holds_token and kept.token is not None else BackupChoice.NONE,
        index=kept.index,
        projects=named or projects,
        origin=Origin(kept.origin),
        narrowed=kept.narrowed,
        holds_token=holds_token,
    )


def _evidence(seal: SealBackup, backup: Opened) -> dict[str, Json]:
    kept = {(k.entry.store, k.entry.name): k for k in backup.contents.secrets}
    cards: dict[str, Json] = {}
    for item in seal.items:
        one = kept[item.entry.store, item.entry.name]
        cards[item_key(item)] = {
            "secret": item.entry.name,
            "choice": item.choice.value,
            "origin": item.origin.value,
            "identifier": one.token_identifier,
            "index": one.index.value if one.index else None,
            "narrowed": one.narrowed,
        }
    until = backup.header.lease.expires_at.isoformat()
    return {"backup": backup.header.id, "expires_at": until, "cards": cards}


def _proofs(seals: Sequence[SealBackup], world: World, bar: Grade) -> Iterator[ProveRelease]:
    """Ask again for what the migration had to prove: each project that a kept token serves, on the token's own index."""
    items = [item for seal in seals for item in seal.items if item.holds_token]
    wanted = {(item.index or Index.PYPI, normalise(name)): None for item in items for name in item.projects}
    for index, project in wanted:
        upload = _upload_of(project, index, world)
        path = upload.step.place.path if upload else ".github/workflows/unknown.yml"
        publisher = _publisher(upload, world, path)
        yield ProveRelease(f"prove:{index.value}:{project}", index, project, publisher, bar, path)


def _publisher(upload: Upload | None, world: World, path: str) -> Publisher:
    """Return the publisher of an upload; where no workflow uploads any more, one that no release can have come through."""
    here = world.survey.facts.repository
    environment = upload.step.environment if upload else None
    return Publisher(here.owner, here.name, path.rpartition("/")[2], environment.lower() if environment else None)


def _upload_of(project: str, index: Index, world: World) -> Upload | None:
    found = [upload for upload in uploads(world.survey.analysis) if upload.index is index]
    named = [u for u in found if normalise(u.step.project or world.named.get(u.key) or "") == project]
    return next(iter(named or found), None)
