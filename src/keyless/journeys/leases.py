"""backup extend: another end for a backup and, with it, for the copies of tokens inside and for the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from keyless import tokens
from keyless.errors import QuestionUnanswered, UsageError
from keyless.journeys.asks import about_secret
from keyless.journeys.desk import Desk
from keyless.journeys.settling import record_of, settle
from keyless.model.backup import BackupContents, BackupHeader, BackupSubject, KeptSecret, Lease
from keyless.model.index import Index
from keyless.model.journey import BackupRecord
from keyless.operators.base import Operator, ask_number, ask_secret, ask_yes, not_agreed
from keyless.operators.questions import question
from keyless.secret import Secret
from keyless.steps.backup import SKEW
from keyless.steps.opening import open_backup
from keyless.steps.toolbox import Toolbox
from keyless.steps.trying import refused
from keyless.vault import Announce, Unlock

_ABOUT = timedelta(hours=1)
"""Two ends that lie no further apart than this are meant to be the same."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One backup at work. `journey` is the id of the one whose journal knows it, None when none does.

    Nothing that is answered here is remembered: the next change asks again.
    """

    desk: Desk
    backup: str
    subject: BackupSubject
    journey: str | None
    tools: Toolbox
    operator: Operator

    async def unlock(self) -> Unlock:
        """Return what opens the backup."""
        return await self.tools.asks.unlock(self.desk.vault.recipients(self.backup))

    async def confirm(self) -> None:
        """Go on only with a yes."""
        if not await ask_yes(self.operator, question("confirm-backup"), {"backup": self.backup}, default=False):
            raise not_agreed(self.operator, question("confirm-backup"), untouched="The backup was left as it is.")

    def rewrite(self, write: Callable[[Announce], BackupHeader]) -> BackupHeader:
        """Have the file written anew. The journal has the intent before it, with the hash of the bytes, and the outcome after."""
        intended: list[BackupRecord] = []

        def announce(header: BackupHeader, digest: str) -> None:
            if self.journey is not None:
                intended.append(record_of(self.desk.vault, self.journey, header, digest))
                self.desk.journal.intend_backup(intended[-1])

        header = write(announce)
        for record in intended:
            self.desk.journal.backup_changed(record, self.desk.clock.now())
        return header


@contextmanager
def bench(desk: Desk, backup: str) -> Iterator[Bench]:
    """Lock the repository that a backup in the vault is for, as its header claims, and lay the backup out."""
    subject = desk.vault.header(desk.vault.path(backup)).subject
    with desk.lock(subject.repository):
        settle(desk.journal, lambda: desk.vault, desk.clock.now())
        known = [record.id for record in desk.journal.backups(subject.journey)] if _known(desk, subject) else []
        journey = subject.journey if backup in known else None
        operator = desk.operator(None)
        yield Bench(desk, backup, subject, journey, desk.tools("", subject.repository), operator)


def _known(desk: Desk, subject: BackupSubject) -> bool:
    return desk.journal.journey(subject.journey) is not None


async def extend(desk: Desk, backup: str, *, dry_run: bool = False) -> BackupHeader | None:
    """Give a backup an end counted from now, later or earlier; return its header, or None after a dry run.

    Raises Refusal (14) for one that is expired, unless the operator insists, UsageError where a copy of a token inside
    would end before the lease and the whole token is not given.
    """
    with bench(desk, backup) as at:
        header, contents = await open_backup(at.tools, backup)
        now = desk.clock.now()
        days = await ask_number(at.operator, question("lease"), {"backup": backup})
        lease = Lease(now, _end(now, days, contents))
        secrets = [await _fitting(at, kept, lease) for kept in contents.secrets]
        desk.observer.note(_words(header, lease))
        if dry_run:
            return None
        await at.confirm()
        unlock = await at.unlock()
        past = now >= header.lease.expires_at
        return at.rewrite(
            lambda announce: desk.vault.extend(
                backup, unlock, lease, past_expiry=past, secrets=secrets, announce=announce
            )
        )


def _end(now: datetime, days: int, contents: BackupContents) -> datetime:
    """Return the end in whole seconds, as tokens have it; that of a copy which ends about then stands (twice equals once)."""
    end = (now + timedelta(days=days)).replace(microsecond=0)
    copies = (
        tokens.read(kept.token).expires_at for kept in contents.secrets if kept.token is not None and kept.narrowed
    )
    return min((copy for copy in copies if copy is not None and timedelta(0) < end - copy <= _ABOUT), default=end)


def _words(header: BackupHeader, lease: Lease) -> str:
    later = "later" if lease.expires_at > header.lease.expires_at else "earlier"
    before, after = (f"{end:%Y-%m-%d %H:%M} UTC" for end in (header.lease.expires_at, lease.expires_at))
    return f"Backup {header.id}: usable until {after}, {later} than now ({before})."


async def _fitting(at: Bench, kept: KeptSecret, lease: Lease) -> KeptSecret:
    """Return what is kept with a copy of its token that ends with the lease; a whole token stays as it is."""
    if kept.token is None or not kept.narrowed:
        return kept
    end = tokens.read(kept.token).expires_at
    if end is None or end == lease.expires_at:
        return kept
    if end > lease.expires_at:
        return replace(kept, token=_narrowed(kept.token, kept, lease))
    copy = _narrowed(await _whole(at, kept, end, lease), kept, lease)
    problem = await refused(
        at.desk.indexes, at.desk.observer, copy, kept.index or Index.PYPI, tokens.read(copy).projects or ()
    )
    if problem is not None:
        raise UsageError(problem.message, hint=problem.advice, untouched="The backup was left as it is.")
    return replace(kept, token=copy)


def _narrowed(token: Secret, kept: KeptSecret, lease: Lease) -> Secret:
    projects = tokens.read(kept.token).projects if kept.token is not None else ()
    return tokens.narrow(token, projects=projects or (), not_before=lease.issued_at - SKEW, expires_at=lease.expires_at)


async def _whole(at: Bench, kept: KeptSecret, end: datetime, lease: Lease) -> Secret:
    """Ask for the token that the copy was made of, and see that it is this one."""
    index = kept.index or Index.PYPI
    because = (
        f"{index.label} itself refuses the copy of {kept.entry.name} in the backup from {end:%Y-%m-%d %H:%M} UTC on. "
        "Only the whole token gives a copy that ends later."
    )
    at.desk.observer.warning(because)
    try:
        token = await ask_secret(at.operator, question("token"), about_secret(kept.entry))
    except QuestionUnanswered as unanswered:
        raise UsageError(
            because,
            hint=f"Give it with {unanswered.flag}, or choose an end before that.",
            untouched="The backup was left as it is.",
        ) from None
    _require_same(kept, token, lease)
    return token


def _require_same(kept: KeptSecret, token: Secret, lease: Lease) -> None:
    card = tokens.read(token)
    untouched = "The backup was left as it is."
    if card.identifier != kept.token_identifier:
        raise UsageError(
            f"This is token {card.identifier}, and the backup holds a copy of {kept.token_identifier}.",
            hint="Give the token that the copy was made of; another one needs a migration of its own.",
            untouched=untouched,
        )
    if card.expires_at is not None and card.expires_at < lease.expires_at:
        raise UsageError(
            f"The token given ends on {card.expires_at:%Y-%m-%d %H:%M} UTC itself: it is a copy, too.",
            hint="Give the whole token, or choose an end before that.",
            untouched=untouched,
        )
