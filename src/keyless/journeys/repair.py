"""doctor --repair-journal: migrations that the journal does not know (any more), told anew by backups and services.

A backup that cannot be opened, or a store that cannot be read, brings nothing back: neither a header's claim (S8) nor a
missing answer (S11) is taken for a fact. Each migration is written down at once; running it again goes on with the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from keyless.errors import KeylessError
from keyless.journeys.desk import Desk
from keyless.journeys.settling import record_of, unknown_backups
from keyless.model.backup import BackupSubject
from keyless.model.github import Repository, SecretEntry, Store
from keyless.model.journey import Journey, JourneyState, StepState
from keyless.model.phase import Phase
from keyless.model.proof import Grade
from keyless.operators.base import ask_text
from keyless.operators.questions import question
from keyless.planning.rebuild import Opened, Rebuilt, World, rebuild
from keyless.steps.backup import USER_NAME
from keyless.steps.stores import look_up
from keyless.steps.toolbox import Toolbox
from keyless.surveying.repository import suggest_projects, survey


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one migration. `state` is None when it could not be told; `because` says why then."""

    repository: Repository
    backups: tuple[str, ...]
    state: JourneyState | None
    because: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """What no backup tells: where the old journal lies now, and the answers about what is enough of a proof, by key."""

    aside: str
    accepted: Mapping[str, str]


async def repair(desk: Desk, aside: str) -> tuple[Fate, ...]:
    """Write into the journal every migration that a backup tells of and the journal does not. `aside` names the old one."""
    fates: list[Fate] = []
    opened: list[Opened] = []
    tools: Toolbox | None = None
    for backup in unknown_backups(desk.journal, desk.vault.ids()):
        try:
            subject = desk.vault.header(backup).subject
            tools = tools or desk.tools("", subject.repository)
            opened.append(await _open(desk, tools, backup))
        except KeylessError as error:
            fates.append(Fate(_claimed(desk, backup), (backup,), None, error.what))
    if opened:
        accepted = await _accepted(desk)
        for repository, of_it in groupby(sorted(opened, key=_order), key=lambda one: one.contents.subject.repository):
            fates += await _repository(desk, repository, list(of_it), _Told(aside, accepted))
    return tuple(fates)


async def _accepted(desk: Desk) -> dict[str, str]:
    """Ask what is enough of a proof from here on. Nothing remembers it: less than 'attested' is said again, with its reason."""
    operator = desk.operator(None)
    grade = await ask_text(operator, question("grade"), {"index": "PyPI"})
    if grade == Grade.ATTESTED.value:
        return {"grade": grade}
    return {"grade": grade, "grade-reason": await ask_text(operator, question("grade-reason"), {"grade": grade})}


def _claimed(desk: Desk, backup: str) -> Repository:
    try:
        return desk.vault.header(backup).subject.repository
    except KeylessError:
        return Repository("?", "?")


def _order(one: Opened) -> tuple[str, str]:
    return str(one.contents.subject.repository), one.header.lease.issued_at.isoformat()


async def _open(desk: Desk, tools: Toolbox, backup: str) -> Opened:
    """Open a backup, ended or not: nothing that is in it goes anywhere but into the journal, and that takes no token."""
    unlock = await tools.asks.unlock(desk.vault.recipients(backup))
    header, contents = desk.vault.open(backup, unlock, now=desk.clock.now(), past_expiry=True)
    return Opened(header, contents)


async def _repository(desk: Desk, repository: Repository, opened: list[Opened], told: _Told) -> list[Fate]:
    """Tell the newest migration of a repository by the world, and the ones before it as rolled back: only so can it begin."""
    journeys: dict[str, list[Opened]] = {}
    for one in opened:
        journeys.setdefault(one.contents.subject.journey, []).append(one)
    fates = []
    last = list(journeys)[-1]
    for journey, backups in journeys.items():
        ids = tuple(backup.header.id for backup in backups)
        try:
            bar = Grade(told.accepted["grade"])
            rebuilt = rebuild(backups, await _world(desk, repository, backups), USER_NAME, bar)
            if journey != last:
                rebuilt = _former(rebuilt)
            _write(desk, journey, backups, rebuilt, told)
        except KeylessError as error:
            fates.append(Fate(repository, ids, None, error.what))
        else:
            fates.append(Fate(repository, ids, rebuilt.state))
    return fates


def _former(rebuilt: Rebuilt) -> Rebuilt:
    sealed = {step: evidence for step, evidence in rebuilt.done.items() if step.startswith("backup")}
    return replace(rebuilt, state=JourneyState.ROLLED_BACK, done=sealed)


async def _world(desk: Desk, repository: Repository, backups: Sequence[Opened]) -> World:
    found = await survey(desk.github, repository, desk.clock)
    present: dict[tuple[Store, str], SecretEntry] = {}
    for kept in (kept for backup in backups for kept in backup.contents.secrets):
        entry = await look_up(desk.github, kept.entry.store, kept.entry.name)
        if entry is not None:
            present[kept.entry.store, kept.entry.name] = entry
    return World(found, present, await suggest_projects(desk.github, found))


def _write(desk: Desk, name: str, backups: Sequence[Opened], rebuilt: Rebuilt, told: _Told) -> None:
    now = desk.clock.now()
    subject = backups[-1].contents.subject
    records = [record_of(desk.vault, name, b.header, desk.vault.digest(b.header.id)) for b in backups]
    ended = rebuilt.state.ended or rebuilt.state is JourneyState.MIGRATING
    until = None if ended else rebuilt.window_until
    journey = Journey(name, subject.repository, rebuilt.state, now, until)
    desk.journal.adopt(journey, list(_events(subject, backups, rebuilt, told)), records)


def _events(
    subject: BackupSubject, backups: Sequence[Opened], rebuilt: Rebuilt, told: _Told
) -> Iterator[tuple[str, dict[str, object]]]:
    yield "begun", {"repository": str(subject.repository)}
    yield "rebuilt", {"backups": [backup.header.id for backup in backups], "damaged": told.aside}
    for key, value in told.accepted.items():
        yield "answer", {"key": key, "value": value}
    yield "plan", {"phase": Phase.MIGRATE.value, "plan": rebuilt.plan}
    for step, evidence in rebuilt.done.items():
        state = StepState.DONE.value
        yield "step", {"phase": Phase.MIGRATE.value, "step": step, "state": state, "evidence": dict(evidence)}
