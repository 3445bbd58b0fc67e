"""R8: a backup with any byte changed, any bit flipped, cut, extended, or put together from two, is refused by one class."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from keyless.errors import BackupRefused
from keyless.model.backup import BackupContents
from keyless.model.realm import Realm
from keyless.secret import Secret
from keyless.vault import (
    IdentityUnlock,
    Key,
    PassphraseKey,
    PassphraseUnlock,
    RecipientKey,
    Unlock,
    Vault,
    kdf,
    new_recipient,
)
from keyless.vault import vault as room
from keyless.vault.envelope import MAGIC
from tests.vault.conftest import LEASE, NOW, contents

PASSPHRASE = Secret("correct horse battery staple")
DERIVED = 200
"""Keys that are truly derived."""
PLAUSIBLE = b'AZaz059+/=-_"{}[]:, \n\r\t\0\x7f\x80\xff'
"""What a byte is changed to: letters that keep base64 and JSON valid, and those that do not."""


class Trial:
    """A vault whose backup is `whole`, and whether other bytes in its place are refused."""

    def __init__(self, folder: Path, unlock: Unlock, key: Key, kept: BackupContents) -> None:
        self.vault, self.unlock, self.key, self.contents = Vault(folder, Realm.REHEARSAL), unlock, key, kept
        self.header = self.vault.seal(kept, LEASE, [key])
        self.path = self.vault.path(self.header.id)
        self.whole = self.path.read_bytes()
        assert self.opens(self.whole) is None

    def opens(self, data: bytes) -> str | None:
        """Return None when it opens, else the reason. The bytes come as if from the file: 90,000 would wear out a disk."""
        room.read_file = lambda path: data  # type: ignore[assignment]
        try:
            self.vault.open(self.path, self.unlock, now=NOW)
        except BackupRefused as error:
            return error.what
        return None

    def refused(self, data: bytes, what: Callable[[], str]) -> str | None:
        """Return None when these bytes are refused as they should be."""
        if data == self.whole:
            return f"{what()}: the case changes nothing"
        try:
            reason = self.opens(data)
        except Exception as error:  # noqa: BLE001  # what is no refusal is a violation
            return f"{what()}: {type(error).__name__} instead of a refusal"
        return None if reason else f"{what()}: it opened"


def small() -> BackupContents:
    """Return contents of one token and nothing else."""
    full = contents()
    return replace(full, secrets=full.secrets[:1], workflow=None)


def cases() -> Iterator[str | None]:
    """All of them."""
    kdf.derive = remembered(kdf.derive)  # type: ignore[assignment]
    public, private = new_recipient()
    by_identity, by_passphrase = IdentityUnlock(private), PassphraseUnlock(PASSPHRASE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = Trial(folder / "one", by_identity, RecipientKey(public), small())
        two = Trial(folder / "two", by_passphrase, PassphraseKey(PASSPHRASE), small())
        yield from bytes_changed(one)
        for trial in (one, two):
            yield from bits_flipped(trial)
            yield from cut_and_extended(trial)
            yield from put_together(trial)
            yield from fields_swapped(trial)


def remembered(derive: Callable[[Secret, bytes, kdf.Cost], bytes]) -> Callable[[Secret, bytes, kdf.Cost], bytes]:
    """Remember each derived key: it is the same function of the same input, and 90,000 of them would take hours."""
    known: dict[tuple[str, bytes, kdf.Cost], bytes] = {}

    def lookup(passphrase: Secret, salt: bytes, cost: kdf.Cost) -> bytes:
        key = (passphrase.reveal(), salt, cost)
        if key not in known:
            cheap = len(known) >= DERIVED  # a salt that was changed gives another key, whichever it is
            known[key] = hashlib.sha256(salt).digest() if cheap else derive(passphrase, salt, cost)
        return known[key]

    return lookup


def bytes_changed(trial: Trial) -> Iterator[str | None]:
    """Every byte to others that keep the text plausible, and to a spread of the rest."""
    for place, old in enumerate(trial.whole):
        for new in (*PLAUSIBLE, *((old + 7 * step) % 256 for step in range(1, 4))):
            if new != old:
                data = trial.whole[:place] + bytes([new]) + trial.whole[place + 1 :]
                yield trial.refused(data, lambda place=place, new=new: f"byte {place} to {new}")


def bits_flipped(trial: Trial) -> Iterator[str | None]:
    """Every bit of every byte."""
    for place, old in enumerate(trial.whole):
        for bit in range(8):
            data = trial.whole[:place] + bytes([old ^ 1 << bit]) + trial.whole[place + 1 :]
            yield trial.refused(data, lambda place=place, bit=bit: f"bit {bit} of byte {place}")


def cut_and_extended(trial: Trial) -> Iterator[str | None]:
    """Cut at every length; something more at the start, at the end and at every fifth place between."""
    for length in range(len(trial.whole)):
        yield trial.refused(trial.whole[:length], lambda length=length: f"cut to {length}")
        yield trial.refused(trial.whole[length + 1 :], lambda length=length: f"without its first {length + 1}")
    for place in (*range(0, len(trial.whole), 5), len(trial.whole)):
        for more in (b"A", b"\n", b" ", b"\0", b"=", b"{}"):
            data = trial.whole[:place] + more + trial.whole[place:]
            yield trial.refused(data, lambda place=place, more=more: f"{more!r} put in at {place}")


def put_together(trial: Trial) -> Iterator[str | None]:
    """Header of one with the body of another, made by the same hand with the same key, and the same lease or another."""
    for number in range(20):
        other = trial.vault.seal(trial.contents, LEASE, [trial.key])
        theirs = trial.vault.path(other.id).read_bytes()
        trial.vault.shred(other.id)
        _, my_head, my_body, _ = trial.whole.split(b"\n")
        _, their_head, their_body, _ = theirs.split(b"\n")
        mixed = (MAGIC + my_head + b"\n" + their_body + b"\n", MAGIC + their_head + b"\n" + my_body + b"\n")
        for data in mixed:
            yield trial.refused(data, lambda number=number: f"header and body of two, number {number}")
        for part in range(16):  # a piece of the other's body, of the same length, in the same place
            step = len(my_body) // 16
            start, end = part * step, (part + 1) * step
            body = my_body[:start] + their_body[start:end] + my_body[end:]
            yield trial.refused(
                MAGIC + my_head + b"\n" + body + b"\n", lambda part=part: f"piece {part} of another body"
            )


def fields_swapped(trial: Trial) -> Iterator[str | None]:
    """Fields of the header exchanged with one another, with another backup's, left out, doubled or set to something else."""
    _, head, body, _ = trial.whole.split(b"\n")
    header = json.loads(head)
    kept = trial.vault.seal(trial.contents, LEASE, [trial.key, RecipientKey(new_recipient()[0])])
    other = json.loads(trial.vault.path(kept.id).read_bytes().split(b"\n")[1])
    trial.vault.shred(kept.id)

    def tried(changed: object, what: str) -> str | None:
        line = json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()
        return trial.refused(MAGIC + line + b"\n" + body + b"\n", lambda: what)

    for name in header:
        if other[name] != header[name]:
            yield tried({**header, name: other[name]}, f"another backup's {name}")
        yield tried({key: value for key, value in header.items() if key != name}, f"without {name}")
    yield tried({**header, "slots": header["slots"] * 2}, "its slot twice")
    yield tried({**header, "slots": [*other["slots"], *header["slots"]]}, "another backup's slots too")
    for path in paths(header):
        for value in (None, 0, -1, 1 << 62, "", "x", [], {}, True, 1.5, base64.b64encode(bytes(72)).decode()):
            changed = replaced(header, path, value)
            if changed != header:
                yield tried(changed, f"{path} set to {value!r}")
    for first in paths(header):
        for second in paths(header):
            if first < second and found(header, first) != found(header, second):
                swapped = replaced(replaced(header, first, found(header, second)), second, found(header, first))
                yield tried(swapped, f"{first} and {second} exchanged")


def paths(value: object, so_far: tuple = ()) -> list[tuple]:
    """Return the way to every leaf."""
    if isinstance(value, dict):
        return [path for key in value for path in paths(value[key], (*so_far, key))]
    if isinstance(value, list):
        return [path for place, each in enumerate(value) for path in paths(each, (*so_far, place))]
    return [tuple(so_far)]


def found(value: object, path: tuple) -> object:
    return functools.reduce(lambda at, part: at[part], path, value)


def replaced(value: object, path: tuple, new: object) -> object:
    if not path:
        return new
    if isinstance(value, dict):
        return {**value, path[0]: replaced(value[path[0]], path[1:], new)}
    return [replaced(each, path[1:], new) if place == path[0] else each for place, each in enumerate(value)]  # type: ignore[arg-type]
