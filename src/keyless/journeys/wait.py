"""wait: until the next release is there, and whether it proves what it should. Looks, and changes nothing.

When the waiting began is written down, so that the same command goes on after Ctrl-C, a restart or a week, and does not
overlook a release that came meanwhile. An unchanged page of the index costs a 304; looks become rarer up to five minutes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from keyless import files
from keyless.errors import NotProven, TryLater, UsageError
from keyless.journeys.desk import Desk
from keyless.journeys.verify import Verified, verify_release
from keyless.model.codec import Json, decode, encode
from keyless.model.index import Index
from keyless.model.proof import Verdict
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Unreadable
from keyless.model.release import Release
from keyless.surveying.release import newest

FIRST: Final = 15.0
LONGEST: Final = 300.0
SETTLE: Final = 30.0
"""Seconds between the two looks at a new release: its files arrive one by one, and a proof is about all of them."""

HEARTBEAT: Final = timedelta(hours=1)
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is awaited. `version` or `after` (UTC) given: a release that is there already counts too, if it fits."""

    index: Index
    project: str
    version: str | None
    expected: Publisher | None
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class WaitRecord:
    """A waiting that was begun: until when, and the release that was there before (its digest), which does not count."""

    format: int
    began: datetime
    until: datetime
    known: str | None


async def wait(desk: Desk, awaited: Awaited, patience: timedelta) -> Verified:
    """Return the proof of the awaited release.

    Raises NotProven when it came and is no proof (the same command then waits for the one after it), TryLater when
    `patience` is used up, counted from when the waiting began first.
    """
    return await _Wait(desk, awaited).go(patience)


class _Wait:
    """One waiting. `_shown` is the new release that was seen last, with its judgement."""

    def __init__(self, desk: Desk, awaited: Awaited) -> None:
        self._desk, self._awaited = desk, awaited
        self._shown: tuple[Release, Verified] | None = None
        self._trouble = ""
        self._heard = desk.clock.now()

    async def go(self, patience: timedelta) -> Verified:
        record = _load(self._place) or await self._begin(patience)
        self._say(record)
        pause, over = FIRST, False
        while True:
            found = await self._look(record)
            if found is not None:
                return self._settled(record, found)
            now, new = self._desk.clock.now(), self._shown is not None
            if now >= record.until and (over or not new):
                raise self._over(record)
            over = (
                now >= record.until
            )  # what came in time, or while the machine slept, is looked at once more all the same
            pause = SETTLE if new else pause
            left = SETTLE if over else max(1.0, (record.until - now).total_seconds())
            await self._desk.clock.sleep(min(pause, left))
            pause = FIRST if new else min(pause * 2, LONGEST)
            self._heartbeat(record)

    def _over(self, record: WaitRecord) -> TryLater:
        """Return the end of the waiting. A release that came and could not be judged is awaited still: then the record
        stays, for one that began anew would take that release for one of before.
        """
        until = f"{record.until:%Y-%m-%d %H:%M} UTC"
        if self._shown is not None:
            version = self._shown[0].version
            return TryLater(
                f"{self._what}: {version} came, and could not be judged until {until}.",
                hint="The same command looks at it again.",
            )
        self._place.unlink(missing_ok=True)
        return TryLater(
            f"No release of {self._what} that could be judged came until {until}.",
            hint="The same command begins to wait anew.",
        )

    async def _begin(self, patience: timedelta) -> WaitRecord:
        now = self._desk.clock.now()
        match await newest(self._desk.indexes[self._awaited.index], self._awaited.project):
            case Found(release):
                known = None if self._awaited.version or self._awaited.after else _digest(release)
            case Unreadable(because=because):
                raise TryLater(f"{self._awaited.index.label} gave no answer: {because}.", hint="Try again later.")
            case _:
                known = None
        record = WaitRecord(_FORMAT, now, now + patience, known)
        _store(self._place, record)
        return record

    async def _look(self, record: WaitRecord) -> Verified | None:
        """Return the judgement on the awaited release once two looks at it said the same, None before."""
        awaited = self._awaited
        match await newest(self._desk.indexes[awaited.index], awaited.project, awaited.version):
            case Found(release) if self._counts(release, record):
                self._trouble = ""
                return await self._judge(release)
            case Unreadable(because=because) if because != self._trouble:
                self._trouble = because
                self._desk.observer.note(f"{awaited.index.label} gave no answer ({because}); it is asked again.")
        return None

    async def _judge(self, release: Release) -> Verified | None:
        before, found = self._shown, await verify_release(self._desk, release, self._awaited.expected)
        if before is None or before[0] != release:
            count = f"{len(release.files)} files" if len(release.files) != 1 else "one file"
            self._desk.observer.note(f"{release.version} is there with {count}; it is looked at once more.")
        self._shown = (release, found)
        same = before is not None and (before[0], before[1].judgement) == (release, found.judgement)
        return found if same and found.judgement.verdict is not Verdict.CANNOT_TELL else None

    def _counts(self, release: Release, record: WaitRecord) -> bool:
        after = self._awaited.after
        late = after is None or max(file.uploaded_at for file in release.files) >= after
        return late and _digest(release) != record.known

    def _settled(self, record: WaitRecord, found: Verified) -> Verified:
        if found.judgement.verdict is Verdict.PROVEN:
            self._place.unlink(missing_ok=True)
            return found
        _store(self._place, replace(record, known=_digest(found.evidence.release)))
        against = [reason.message for reason in found.judgement.reasons if reason.side == "against"]
        raise NotProven(
            f"{self._awaited.project} {found.judgement.version} on {self._awaited.index.label} came and is no proof. "
            f"{' '.join(against[:2])}".rstrip(),
            hint="`keyless verify` shows every reason; the same command waits for the release after this one.",
            untouched="",
        )

    def _say(self, record: WaitRecord) -> None:
        self._desk.observer.waiting(
            f"the next release of {self._what}",
            link=None,
            advice=(
                f"waiting since {record.began:%Y-%m-%d %H:%M} UTC, until {record.until:%Y-%m-%d %H:%M} UTC",
                "Ctrl-C stops it; the same command goes on from there",
            ),
        )

    def _heartbeat(self, record: WaitRecord) -> None:
        now = self._desk.clock.now()
        if now - self._heard >= HEARTBEAT:
            self._heard = now
            self._desk.observer.note(f"Nothing new of {self._what} by {now:%Y-%m-%d %H:%M} UTC.")

    @property
    def _what(self) -> str:
        version = f" {self._awaited.version}" if self._awaited.version else ""
        return f"{self._awaited.project}{version} on {self._awaited.index.label}"

    @property
    def _place(self) -> Path:
        asked = json.dumps(encode(self._awaited), sort_keys=True)
        name = hashlib.sha256(asked.encode()).hexdigest()[:16]
        return self._desk.state / "waiting" / f"{self._awaited.index.value}-{self._awaited.project}-{name}.json"


def _digest(release: Release) -> str:
    """Return a name for a release's version and files; a file more makes another."""
    files_of = sorted((file.filename, file.sha256) for file in release.files)
    return hashlib.sha256(json.dumps([release.version, files_of]).encode()).hexdigest()


def _store(place: Path, record: WaitRecord) -> None:
    with files.folder(place.parent) as within:
        files.write(within, place.name, json.dumps(encode(record)).encode(), replace=True)


def _load(place: Path) -> WaitRecord | None:
    if not place.exists():
        return None
    try:
        data: Json = json.loads(files.read(place, limit=64 * 1024))
        record = decode(WaitRecord, data)
    except ValueError as error:
        raise UsageError(
            f"{place} is not what keyless writes there.", hint="Remove it to begin to wait anew."
        ) from error
    if record.format != _FORMAT:
        raise UsageError(f"{place} is of another version of keyless.", hint="Remove it to begin to wait anew.")
    return record
