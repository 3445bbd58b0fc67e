"""The journal. Events are its one truth: what a journey's records, answers, plans and backups are is read from them.

So reading checks the chain of hashes each time, and a flipped byte is noticed rather than believed. Only what `journeys`
lists is kept in a table of its own, written together with the event that changes it.
"""

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from keyless import files
from keyless.errors import UsageError
from keyless.journal import schema, use
from keyless.journal.events import Event
from keyless.journal.history import History
from keyless.model import codec
from keyless.model.codec import Json
from keyless.model.github import Repository
from keyless.model.journey import BackupRecord, Journey, JourneyState, StepRecord, StepState
from keyless.model.phase import Phase
from keyless.model.realm import Realm

if TYPE_CHECKING:  # most readers of a journal need no plan, and the start of `keyless status` is measured
    from keyless.model.plan import Plan

_COARSE = timedelta(minutes=1)
"""How much later a time must be to be worth another flush of the disk."""

# ruff: noqa: A002  # `id` is the word of this room's interface


class Journal:
    """One realm's journal in one folder. Every method that writes is durable when it returns. Times are UTC."""

    def __init__(self, database: sqlite3.Connection, path: Path, realm: Realm, held: int | None = None) -> None:
        self.path, self.realm = path, realm
        self._held = held
        self._database = database
        self._history = History(database, path, realm)
        self._last_seen: datetime | None = None

    @classmethod
    def open(cls, folder: Path, realm: Realm) -> Journal:
        """Open the journal of `folder`, making one where there is none.

        Raises JournalRefused for another realm's or a newer one, JournalDamaged, FolderRefused, or Locked while another
        run mends it; nothing is changed.
        """
        held = use.take(folder)
        try:
            return cls(schema.connect(folder, realm), folder / schema.NAME, realm, held)
        except BaseException:
            _let_go(held)
            raise

    def close(self) -> None:
        """Write what is still held back, and close the file. Closing again does nothing."""
        try:
            self._keep_last_seen()
        finally:
            self._last_seen = None
            self._database.close()
            _let_go(self._held)
            self._held = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with schema.translated(self.path), schema.transaction(self._database):
            yield

    # Journeys

    def begin(self, repository: Repository, now: datetime) -> Journey:
        """Begin a journey; one that is open for the same repository goes on instead."""
        with self._writing():
            going_on = self._history.journeys("place=? AND ended=0", _place(repository))
            if going_on:
                return going_on[0]
            name = f"{now.astimezone(UTC):%Y%m%d}-{secrets.token_hex(4)}"
            journey = Journey(name, repository, JourneyState.MIGRATING, now.astimezone(UTC), None)
            self._history.create(journey, _place(repository))
            self._history.append(journey.id, now, "begun", {"repository": str(repository)})
        return journey

    def adopt(
        self, journey: Journey, events: Sequence[tuple[str, Mapping[str, object]]], backups: Sequence[BackupRecord]
    ) -> None:
        """Write down a journey that is known from elsewhere, all of it together: what happened, and where it stands.

        `started_at` is when its events are said to have happened: the present. Raises UsageError when the repository has
        another one that is open and this one is, too.
        """
        place, now = _place(journey.repository), journey.started_at
        with self._writing():
            if not journey.state.ended and self._history.journeys("place=? AND ended=0", place):
                raise UsageError(f"The journal knows an open migration of {journey.repository} already.")
            self._history.create(journey, place)
            for kind, values in events:
                self._history.append(journey.id, now, kind, values)
            for record in backups:
                self._history.append(journey.id, now, "backup", {"backup": record})
                self._database.execute("INSERT OR REPLACE INTO backup VALUES (?, ?)", (record.id, record.journey))
            self._move(journey.id, journey.state, now, journey.window_until)

    def journeys(self) -> tuple[Journey, ...]:
        """Return all journeys, the newest last."""
        return self._history.journeys("1 ORDER BY rowid")

    def newest(self, repository: Repository) -> Journey | None:
        """Return the newest journey of a repository (GitHub's names compare without case), or None.

        One that is open comes before all that ended, in whatever order they were written down.

        Raises JournalDamaged where its history does not bear out what the list says of it.
        """
        found = next(iter(self._history.journeys("place=? ORDER BY ended, rowid DESC", _place(repository))), None)
        if found is not None:
            self._history.events(found.id)
        return found

    def journey(self, id: str) -> Journey | None:
        """Return a journey by its id, or None."""
        return next(iter(self._history.journeys("id=?", id)), None)

    def set_state(self, id: str, state: JourneyState, now: datetime, window_until: datetime | None = None) -> None:
        """Move a journey on. `window_until` None leaves it as it is."""
        with self._writing():
            self._move(id, state, now, window_until)

    def _move(self, id: str, state: JourneyState, now: datetime, window_until: datetime | None) -> None:
        until = codec.encode(window_until)
        self._history.append(id, now, "state", {"state": state.value, "window_until": until})
        self._database.execute(
            "UPDATE journey SET state=?, ended=?, window_until=coalesce(?, window_until) WHERE id=?",
            (state.value, int(state.ended), until, id),
        )

    # Answers and plans

    def answer(self, id: str, key: str, value: Json, now: datetime) -> None:
        """Remember what was answered to a question; never a secret."""
        with self._writing():
            self._history.append(id, now, "answer", {"key": key, "value": value})

    def answers(self, id: str) -> dict[str, Json]:
        """Return the newest answer to each question, by key."""
        return {str(body["key"]): body["value"] for _, body in self._history.bodies(id, "answer")}

    def set_plan(self, id: str, plan: Plan) -> None:
        """Keep the plan of one phase; a newer one of the same phase replaces it."""
        with self._writing():
            self._history.append(id, plan.made_at, "plan", {"phase": plan.phase.value, "plan": plan})

    def plan(self, id: str, phase: Phase) -> Plan | None:
        """Return the newest plan of a phase, or None."""
        from keyless.model.plan import Plan

        kept = [body["plan"] for _, body in self._history.bodies(id, "plan") if body["phase"] == phase.value]
        return None if not kept else self._history.decoded(Plan, kept[-1])

    # Steps

    def intend(self, id: str, phase: Phase, step: str, now: datetime) -> None:
        """Say what is about to be done; on the disk before this returns."""
        self._record(id, phase, step, StepState.INTENDED, now, None)

    def waiting(self, id: str, phase: Phase, step: str, now: datetime, evidence: Json) -> None:
        """Say that a step waits for something outside."""
        self._record(id, phase, step, StepState.WAITING, now, evidence)

    def done(self, id: str, phase: Phase, step: str, now: datetime, evidence: Json) -> None:
        """Say that a step is done, and what that rests on."""
        self._record(id, phase, step, StepState.DONE, now, evidence)

    def _record(self, id: str, phase: Phase, step: str, state: StepState, now: datetime, evidence: Json) -> None:
        body = {"phase": phase.value, "step": step, "state": state.value, "evidence": evidence}
        with self._writing():
            self._history.append(id, now, "step", body)

    def records(self, id: str, phase: Phase | None = None) -> tuple[StepRecord, ...]:
        """Return the newest record of each step, in the order in which the steps were first seen."""
        found: dict[tuple[Phase, str], StepRecord] = {}
        for event, body in self._history.bodies(id, "step"):
            of, step = Phase(body["phase"]), str(body["step"])
            found[of, step] = StepRecord(of, step, StepState(body["state"]), event.at, body["evidence"])
        return tuple(record for record in found.values() if phase in (None, record.phase))

    # Backups

    def add_backup(self, record: BackupRecord) -> None:
        """Remember a backup; the same id again (its lease was extended) replaces what was known."""
        with self._writing():
            self._history.append(record.journey, None, "backup", {"backup": record})
            self._database.execute("INSERT OR REPLACE INTO backup VALUES (?, ?)", (record.id, record.journey))

    def intend_backup(self, record: BackupRecord) -> None:
        """Say what a backup's file is about to become; on the disk before this returns."""
        with self._writing():
            self._history.append(record.journey, None, "backup-intended", {"backup": record})

    def intended_backups(self) -> tuple[BackupRecord, ...]:
        """Return what backups were about to become, where it was never said whether they did: the run was killed."""
        return tuple(
            record for journey in self._history.having("backup-intended") for record in self._intended(journey)
        )

    def _intended(self, journey_id: str) -> tuple[BackupRecord, ...]:
        open_: dict[str, BackupRecord] = {}
        for event, body in self._history.bodies(journey_id, "backup-intended", "backup", "shredded"):
            if event.kind == "backup-intended":
                record = self._history.decoded(BackupRecord, body["backup"])
                open_[record.id] = record
            elif event.kind == "backup":
                open_.pop(self._history.decoded(BackupRecord, body["backup"]).id, None)
            else:
                open_.pop(str(body["backup"]), None)
        return tuple(open_.values())

    def backup_changed(self, record: BackupRecord, now: datetime) -> None:
        """Remember what a backup became, and move an open window with it: both together, or neither."""
        journey = self.journey(record.journey)
        others = [one for one in self.backups(record.journey) if one.id != record.id and one.shredded_at is None]
        until = min(one.expires_at for one in (record, *others))
        with self._writing():
            self._history.append(record.journey, now, "backup", {"backup": record})
            if journey is not None and journey.state is JourneyState.WINDOW:
                self._move(record.journey, journey.state, now, until)

    def knows_backup(self, id: str) -> bool:
        """Whether any journey knows a backup of this id."""
        with schema.translated(self.path):
            return self._database.execute("SELECT 1 FROM backup WHERE id=?", (id,)).fetchone() is not None

    def backups(self, journey_id: str) -> tuple[BackupRecord, ...]:
        """Return the backups of a journey, oldest first; shredded ones too."""
        found: dict[str, BackupRecord] = {}
        for event, body in self._history.bodies(journey_id, "backup", "shredded"):
            if event.kind == "backup":
                record = self._history.decoded(BackupRecord, body["backup"])
            else:
                record = dataclasses.replace(found[str(body["backup"])], shredded_at=event.at)
            found[record.id] = record
        return tuple(found.values())

    def mark_shredded(self, backup_id: str, now: datetime) -> None:
        """Remember that a backup's keys are destroyed."""
        with self._writing():
            row = self._database.execute("SELECT journey FROM backup WHERE id=?", (backup_id,)).fetchone()
            if row is None:
                raise UsageError(f"The journal knows no backup {backup_id!a}.", hint="See `keyless backup list`.")
            self._history.append(row[0], now, "shredded", {"backup": backup_id})

    # Time

    def saw(self, moment: datetime) -> None:
        """Remember the latest time that anything stated; an earlier one changes nothing."""
        known = self.last_seen()
        if known is not None and moment <= known:
            return
        self._last_seen = moment.astimezone(UTC)
        stored = self._stored_last_seen()
        if stored is None or moment - stored >= _COARSE:
            self._keep_last_seen()

    def last_seen(self) -> datetime | None:
        """Return the latest time seen, by this run and the ones before it; None when there was none."""
        known = [moment for moment in (self._last_seen, self._stored_last_seen()) if moment is not None]
        return max(known, default=None)

    def _stored_last_seen(self) -> datetime | None:
        with schema.translated(self.path):
            row = self._database.execute("SELECT value FROM meta WHERE key='last_seen'").fetchone()
        return None if row is None else self._history.decoded(datetime, row[0])

    def _keep_last_seen(self) -> None:
        if self._last_seen is None:
            return
        with self._writing():
            stored = self._stored_last_seen()
            if stored is None or stored < self._last_seen:
                self._database.execute(
                    "INSERT OR REPLACE INTO meta VALUES ('last_seen', ?)", (codec.encode(self._last_seen),)
                )

    # History

    def events(self, id: str) -> tuple[Event, ...]:
        """Return a journey's whole history. Raises JournalDamaged when the events do not follow from one another."""
        return self._history.events(id)

    def export(self, id: str) -> Iterator[str]:
        """Yield a journey's history as lines without line ends, for `check_export` to check."""
        return self._history.export(id)


def _let_go(held: int | None) -> None:
    if held is not None:
        files.close(held)


def _place(repository: Repository) -> str:
    return str(repository).lower()
