"""Values as tables and sentences. Pure; to show a new kind of value, register a view for its class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import singledispatch
from typing import Final, TypeAlias

from keyless.model.backup import BackupContents, BackupHeader, KeptSecret
from keyless.model.proof import Judgement
from keyless.model.receipt import Receipt, TokenEnd
from keyless.model.table import Table
from keyless.model.token import Concern, Probe, TokenCard

_SURE: Final = {
    "shown": "shown to be the one in the secret",
    "believed": "believed to be the one in the secret",
    "unknown": "not known to be the one in the secret",
}
ALWAYS_UNSEEN: Final = (
    "Account-wide tokens of other maintainers: no index shows them.",
    "Copies of the token outside of GitHub and of this program.",
)
View: TypeAlias = tuple[Table | str, ...]


@singledispatch
def view(value: object) -> View:
    """Return the tables and sentences that show `value`. A class without a view is a mistake in the program."""
    raise TypeError(f"{type(value).__name__} has no view")


@view.register
def _tuple(value: tuple) -> View:  # type: ignore[type-arg]  # singledispatch wants the bare class
    return tuple(block for item in value for block in view(item))


@view.register
def _sentence(value: str) -> View:
    return (value,)


@view.register
def _table(value: Table) -> View:
    return (value,)


@view.register
def _card(card: TokenCard) -> View:
    rows = (
        ("index", card.index.label if card.index else "neither PyPI nor TestPyPI"),
        ("unique identifier", card.identifier),
        ("scope", _scope(card)),
        ("projects", ", ".join(card.projects) if card.projects is not None else "not restricted by name"),
        ("valid from", moment(card.not_before) if card.not_before else "not restricted"),
        ("expires", moment(card.expires_at) if card.expires_at else "never, by its own text"),
        ("length", f"{card.length} characters"),
        *((f"caveat {number}", words) for number, words in enumerate(card.caveats, 1)),
    )
    return (Table("token", "Identity card of the token", ("", "as its own text says"), rows),)


def _scope(card: TokenCard) -> str:
    return {
        "account": "THE WHOLE ACCOUNT: every project of its owner",
        "projects": "some projects",
        "minted": "minted by trusted publishing, 15 minutes",
        "unstated": "not stated: only the index knows",
    }[card.scope.value]


@view.register
def _concern(concern: Concern) -> View:
    return (f"{'Cannot serve' if concern.fatal else 'Take care'}: {concern.message} {concern.advice}".rstrip(),)


@view.register
def _probe(probe: Probe) -> View:
    says = {"alive": "The index knows this token", "gone": "The index does not know this token (any more)"}
    return (f"{says.get(probe.life.value, 'Could not tell whether the token lives')}: {probe.because}",)


@view.register
def _judgement(judgement: Judgement) -> View:
    what = f"{judgement.project} {judgement.version or ''}".strip()
    sentence = f"{what} on {judgement.index.label}: {judged(judgement)}"
    rows = tuple((_SIDES.get(r.side, r.side), r.message, r.raises) for r in judgement.reasons)
    table = Table("reasons", f"Why ({what} on {judgement.index.label})", ("counts", "fact", "what would help"), rows)
    run = (f"Run: {judgement.run_url}",) if judgement.run_url else ()
    return (sentence, *((table,) if rows else ()), *run)


_SIDES = {"for": "for", "against": "AGAINST", "unknown": "could not tell"}


def judged(judgement: Judgement) -> str:
    """Return the verdict and its grade in words."""
    return {
        "proven": f"proven, grade '{judgement.grade.value}'.",
        "not-proven": "not proven.",
        "cannot-tell": "could not tell.",
    }[judgement.verdict.value]


@view.register
def _header(header: BackupHeader) -> View:
    rows = (
        ("for", f"{header.subject.repository} ({header.subject.realm})"),
        ("projects", ", ".join(header.subject.projects) or "none"),
        ("secrets", ", ".join(header.subject.secrets) or "none"),
        ("made", moment(header.lease.issued_at)),
        ("usable until", moment(header.lease.expires_at)),
        ("opens with", ", ".join(header.slots) or "nothing any more: shredded"),
        ("journey", header.subject.journey),
        ("format", str(header.version)),
    )
    return (Table("backup", f"Backup {header.id}, as its header claims", ("", ""), rows),)


@dataclass(frozen=True, slots=True)
class BackupList:
    """The backups in a vault as their headers claim, and why some files could not be read. `at` is the present."""

    at: datetime
    backups: tuple[BackupHeader, ...]
    unreadable: tuple[str, ...]


@view.register
def _backups(found: BackupList) -> View:
    rows = tuple(
        (
            header.id,
            str(header.subject.repository),
            ", ".join(header.subject.secrets),
            moment(header.lease.expires_at),
            "usable" if header.lease.expires_at > found.at else "EXPIRED",
        )
        for header in found.backups
    )
    columns = ("backup", "repository", "secrets", "usable until", "")
    return (Table("backups", "Backups", columns, rows), *(f"Take care: {line}" for line in found.unreadable))


def keys_table(header: BackupHeader) -> Table:
    """Return who can open a backup, as its header claims, numbered from 1."""
    rows = tuple((str(number), words) for number, words in enumerate(header.slots, 1))
    return Table("keys", f"What opens backup {header.id}", ("number", "key"), rows)


def contents_table(contents: BackupContents) -> Table:
    """Return what an opened backup keeps; never a token."""
    rows = tuple(
        (
            kept.entry.name,
            str(kept.entry.store),
            _kept(kept),
            kept.token_identifier or "",
            kept.origin,
        )
        for kept in contents.secrets
    )
    workflow = contents.workflow.changes if contents.workflow else ()
    files = tuple((change.path, "workflow", "its bytes before and after", "", "") for change in workflow)
    return Table("contents", "What it keeps", ("name", "place", "kept", "token's identifier", "origin"), rows + files)


def _kept(kept: KeptSecret) -> str:
    if kept.token is None:
        return "the entry, without a value"
    return "a narrowed copy" if kept.narrowed else "the whole token"


def receipt_tables(receipt: Receipt) -> Iterator[Table]:
    """Yield the tables of a receipt."""
    deeds = tuple((moment(d.at), d.what, d.evidence) for d in receipt.deeds)
    yield Table("deeds", "What was done", ("when", "what", "rests on"), deeds)
    proofs = tuple(_proof(judgement) for judgement in receipt.proofs)
    yield Table("proofs", "What was proven", ("release", "verdict", "evidence", "run"), proofs)
    tokens = tuple(_token(token) for token in receipt.tokens)
    columns = ("secret", "token", "what became of it", "how sure")
    yield Table("tokens", "What became of the tokens", columns, tokens)
    if receipt.exemptions:
        rows = tuple((exemption.what, exemption.reason) for exemption in receipt.exemptions)
        yield Table("exemptions", "What was gone on without", ("what", "reason given"), rows)


def _proof(judgement: Judgement) -> tuple[str, str, str, str]:
    release = f"{judgement.project} {judgement.version or '?'} on {judgement.index.label}"
    return release, judged(judgement), judgement.evidence_digest or "", judgement.run_url or ""


def _token(token: TokenEnd) -> tuple[str, ...]:
    which = token.identifier or "never given to keyless"
    index = f" on {token.index.label}" if token.index else ""
    when = f", {moment(token.at)}" if token.at else ""
    place = token.place.removesuffix(f"/{token.secret}")
    return f"{token.secret} in {place}", f"{which}{index}", f"{token.end}{when}", _SURE[token.origin.value]


@view.register
def _view(receipt: Receipt) -> View:
    head = f"{receipt.repository}: {receipt.outcome} ({receipt.realm.value} services, journey {receipt.journey})"
    unseen = tuple(f"Could not be seen: {line}" for line in (*receipt.unseen, *ALWAYS_UNSEEN))
    return (head, *receipt_tables(receipt), *unseen)


def moment(when: datetime) -> str:
    """Return a time (any zone) as people read it, in UTC to the minute."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
