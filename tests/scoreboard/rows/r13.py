"""R13: whatever the clocks say, a lease neither grows longer nor ends because one clock is wrong."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from keyless.journal import Journal
from keyless.model.realm import Realm
from keyless.services.system import SystemClock
from keyless.vault import IdentityUnlock, Reason, RecipientKey, Refusal, Vault, new_recipient
from tests.vault.conftest import LEASE, NOW, contents

SECOND, DAY, DECADE = timedelta(seconds=1), timedelta(days=1), timedelta(days=3653)
END = LEASE.expires_at
Y2099 = datetime(2099, 1, 1, tzinfo=NOW.tzinfo)


@dataclass(frozen=True)
class Clocks:
    """What the local clock says, the latest time that earlier runs saw, and what services state in this run."""

    what: str
    local: datetime
    seen: datetime | None
    stated: Sequence[tuple[str, datetime]]
    opens: bool


def clocks() -> Iterator[Clocks]:
    """All of them. The backup was sealed at NOW for fourteen days."""
    for what, local in {
        "a second": NOW - SECOND,
        "a day": NOW - DAY,
        "ten years": NOW - DECADE,
        "to 1970": datetime(1970, 1, 1, tzinfo=NOW.tzinfo),
    }.items():
        yield Clocks(f"set back {what}, nothing seen", local, None, (), opens=True)
        yield Clocks(f"set back {what}, the end was seen", local, END, (), opens=False)
        yield Clocks(f"set back {what}, the end was nearly seen", local, END - 2 * SECOND, (), opens=True)
        seen = local + 2 * DAY  # so the local clock is known to be wrong, and one service is enough
        yield Clocks(f"set back {what}, one service says it is over", local, seen, [("PyPI", END)], opens=False)
        both = [("PyPI", END), ("GitHub", END)]
        yield Clocks(f"set back {what}, two services say so", local, None, both, opens=False)
    for what, ahead in {"a second": SECOND, "a day": DAY, "ten years": DECADE}.items():
        yield Clocks(f"forward by {what}", NOW + ahead, None, (), opens=ahead < timedelta(days=14))
        yield Clocks(f"forward by {what} past the end", END + ahead, None, (), opens=False)
        yield Clocks(f"forward by {what}, services say NOW", NOW + ahead, NOW, [("PyPI", NOW)], opens=ahead < 14 * DAY)
    yield Clocks("a microsecond before the end", END - timedelta(microseconds=1), None, (), opens=True)
    yield Clocks("exactly at the end", END, None, (), opens=False)
    yield Clocks("one service in 2099", NOW, NOW, [("PyPI", Y2099)], opens=True)
    yield Clocks("one service in 2099, twice", NOW, NOW, [("PyPI", Y2099), ("PyPI", Y2099 + SECOND)], opens=True)
    yield Clocks("two services far apart", NOW, NOW, [("PyPI", Y2099), ("GitHub", END + DAY)], opens=True)
    yield Clocks("two services agree", NOW, NOW, [("PyPI", END), ("GitHub", END + SECOND)], opens=False)
    yield Clocks("three, one of them in 2099", NOW, NOW, [("A", Y2099), ("PyPI", END), ("GitHub", END)], opens=False)
    yield Clocks("a service in 1970", NOW, NOW, [("PyPI", datetime(1970, 1, 1, tzinfo=NOW.tzinfo))], opens=True)
    yield Clocks(
        "a service an hour past the end", END - timedelta(minutes=30), NOW, [("PyPI", END + SECOND)], opens=False
    )


def cases() -> Iterator[str | None]:
    public, private = new_recipient()
    with tempfile.TemporaryDirectory() as name:
        vault = Vault(Path(name) / "v", Realm.REHEARSAL)
        backup = vault.seal(contents(), LEASE, [RecipientKey(public)]).id
        for number, each in enumerate(clocks()):
            yield judged(each, vault, backup, IdentityUnlock(private), Path(name) / str(number))


def judged(each: Clocks, vault: Vault, backup: str, unlock: IdentityUnlock, state: Path) -> str | None:
    """A run in which the time is asked for as commands do, then a later one that knows only what the journal kept."""
    with Journal.open(state, Realm.REHEARSAL) as journal:
        if each.seen is not None:
            journal.saw(each.seen)
        clock = SystemClock(journal.last_seen(), local=lambda: each.local, monotonic=lambda: 100.0)
        for service, moment in each.stated:
            clock.saw(moment, service)
        opened = opens(vault, backup, unlock, clock.now())
        journal.saw(clock.lasting())
    with Journal.open(state, Realm.REHEARSAL) as journal:
        kept = journal.last_seen()
    if opened is not each.opens:
        return f"{each.what}: {'opened' if opened else 'refused'}"
    if each.seen is not None and (kept is None or kept < each.seen):
        return f"{each.what}: what was seen before is forgotten"
    later = SystemClock(kept, local=lambda: NOW, monotonic=lambda: 100.0)
    if not each.stated and not opened and opens(vault, backup, unlock, later.now()):
        return f"{each.what}: it opens again once the clock is set back"
    if each.stated and any(service == "PyPI" and moment == NOW for service, moment in each.stated):
        return None if opens(vault, backup, unlock, later.now()) else f"{each.what}: a wrong clock is remembered"
    return None


def opens(vault: Vault, backup: str, unlock: IdentityUnlock, now: datetime) -> bool:
    try:
        return vault.open(backup, unlock, now=now)[1] == contents()
    except Refusal as refusal:
        if refusal.reason is not Reason.EXPIRED:
            raise
        return False
