"""A journey's history in the file: appending an event, and reading all of them with the chain checked on the way."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from keyless.errors import UsageError
from keyless.journal import chain, schema
from keyless.journal.events import Event, body_of, digest, make
from keyless.model import codec
from keyless.model.codec import Json
from keyless.model.github import Repository
from keyless.model.journey import Journey, JourneyState
from keyless.model.realm import Realm

T = TypeVar("T")
_JOURNEY = "SELECT id, owner, name, state, started_at, window_until, events, head FROM journey WHERE "


class History:
    """The table of journeys and the events under it."""

    def __init__(self, database: sqlite3.Connection, path: Path, realm: Realm) -> None:
        self._database, self._path, self._realm = database, path, realm

    def journeys(self, where: str, *values: str) -> tuple[Journey, ...]:
        """Return the journeys that fit a condition of this package's own."""
        with schema.translated(self._path):
            rows = self._database.execute(_JOURNEY + where, values).fetchall()
        return tuple(self._journey(row) for row in rows)

    def create(self, journey: Journey, place: str) -> None:
        """Write a new journey, with the chain's beginning; inside a transaction."""
        self._database.execute(
            "INSERT INTO journey VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 0, ?)",
            (
                journey.id,
                place,
                journey.repository.owner,
                journey.repository.name,
                journey.state.value,
                int(journey.state.ended),
                codec.encode(journey.started_at),
                digest(self.first_line(journey)),
            ),
        )

    def first_line(self, journey: Journey) -> str:
        """Return the first line of a journey's export; the chain begins with its hash."""
        return chain.first_line(
            journey.id, self._realm.value, str(journey.repository), str(codec.encode(journey.started_at))
        )

    def append(self, journey: str, at: datetime | None, kind: str, values: Mapping[str, object]) -> None:
        """Append an event; inside a transaction. `at` None: when the one before it was."""
        body = body_of(values)
        row = self._database.execute(_JOURNEY + "id=?", (journey,)).fetchone()
        if row is None:
            raise unknown(journey)
        count, head = int(row[6]), str(row[7])
        event = make(journey, count + 1, at or self._newest_time(journey, row[4]), kind, body, head)
        self._database.execute(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)",
            (journey, event.number, codec.encode(event.at), kind, body, event.hash),
        )
        self._database.execute("UPDATE journey SET events=?, head=? WHERE id=?", (event.number, event.hash, journey))

    def _newest_time(self, journey: str, started_at: str) -> datetime:
        row = self._database.execute(
            "SELECT at FROM event WHERE journey=? ORDER BY number DESC LIMIT 1", (journey,)
        ).fetchone()
        return self.decoded(datetime, started_at if row is None else row[0])

    def events(self, journey: str) -> tuple[Event, ...]:
        """Return all events of a journey. Raises JournalDamaged when they do not follow from one another."""
        with schema.translated(self._path), schema.snapshot(self._database):
            row = self._database.execute(_JOURNEY + "id=?", (journey,)).fetchone()
            rows = self._database.execute(
                "SELECT number, at, kind, body, hash FROM event WHERE journey=? ORDER BY number", (journey,)
            ).fetchall()
        if row is None:
            raise unknown(journey)
        found = self._chained(self._journey(row), rows)
        head = found[-1].hash if found else digest(self.first_line(self._journey(row)))
        if (len(found), head) != (row[6], row[7]):
            raise schema.damaged(self._path, f"events of the journey {journey} are missing")
        self._check_state(self._journey(row), found)
        return found

    def _check_state(self, journey: Journey, events: Sequence[Event]) -> None:
        """What the list of journeys says of this one has to be what its events say: only these are in the chain."""
        state, until = JourneyState.MIGRATING.value, None
        for event in events:
            if event.kind == "state":
                body = json.loads(event.body)
                state, until = body["state"], body["window_until"] or until
        if (journey.state.value, codec.encode(journey.window_until)) != (state, until):
            raise schema.damaged(self._path, f"where the journey {journey.id} stands was changed")

    def _chained(self, journey: Journey, rows: Sequence[tuple[int, str, str, str, str]]) -> tuple[Event, ...]:
        found: list[Event] = []
        previous = digest(self.first_line(journey))
        for place, (number, at, kind, body, stated) in enumerate(rows, 1):
            try:
                event = make(journey.id, number, self.decoded(datetime, at), kind, body, previous)
            except ValueError:
                event = None
            if event is None or event.hash != stated or number != place:
                raise schema.damaged(self._path, f"event {place} of the journey {journey.id} was changed")
            found.append(event)
            previous = stated
        return tuple(found)

    def having(self, kind: str) -> tuple[str, ...]:
        """Return the ids of the journeys that have an event of this kind."""
        with schema.translated(self._path):
            rows = self._database.execute("SELECT DISTINCT journey FROM event WHERE kind=?", (kind,)).fetchall()
        return tuple(str(row[0]) for row in rows)

    def bodies(self, journey: str, *kinds: str) -> Iterator[tuple[Event, dict[str, Json]]]:
        """Yield the events of some kinds with their bodies, in order."""
        for event in self.events(journey):
            if event.kind in kinds:
                yield event, json.loads(event.body)

    def export(self, journey: str) -> Iterator[str]:
        """Yield the lines of a journey's export."""
        events = self.events(journey)
        first = self.first_line(self.journeys("id=?", journey)[0])
        yield first
        for event in events:
            yield event.line()
        yield chain.last_line(len(events), events[-1].hash if events else digest(first))

    def decoded(self, kind: type[T], data: Json) -> T:
        """Return what was written through the codec; anything else is damage."""
        try:
            return codec.decode(kind, data)
        except codec.CodecError as error:
            raise schema.damaged(self._path, f"a {kind.__name__} in it does not fit ({error})") from None

    def _journey(self, row: Sequence[str]) -> Journey:
        id_, owner, name, state, started_at, window_until = row[:6]
        return Journey(
            id_,
            Repository(owner, name),
            self.decoded(JourneyState, state),
            self.decoded(datetime, started_at),
            None if window_until is None else self.decoded(datetime, window_until),
        )


def unknown(journey: str) -> UsageError:
    """Return the error for a journey that the journal does not know."""
    return UsageError(f"The journal knows no journey {journey!a}.", hint="See `keyless status`.")
