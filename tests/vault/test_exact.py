"""The limits of the vault, exactly where they are, and each of its guards alone: behind one stands another."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from keyless.errors import KeylessError, UsageError
from keyless.files import StorageTrouble
from keyless.model.backup import BackupSubject, Lease
from keyless.model.github import Repository
from keyless.model.realm import Realm
from keyless.secret import Secret
from keyless.vault import (
    IdentityUnlock,
    PassphraseKey,
    PassphraseUnlock,
    Reason,
    RecipientKey,
    Refusal,
    Vault,
    cipher,
    envelope,
    kdf,
    keys,
    new_recipient,
    slots,
)
from keyless.vault.canonical import parsed
from keyless.vault.cipher import NotAuthentic
from keyless.vault.envelope import LARGEST, LARGEST_HEADER, MAGIC, Envelope
from keyless.vault.folder import Folder, file_name, read_file
from tests.vault.conftest import LATER, LEASE, NOW, PASSPHRASE, Sealed, contents

PAIRS = [new_recipient() for _ in range(4)]
KEYS = [RecipientKey(public) for public, _ in PAIRS]  # no key is derived: these tests are many
UNLOCKS = [IdentityUnlock(private) for _, private in PAIRS]
ID = "0123456789abcdef"
ROOT = bytes(range(32))


@pytest.fixture
def sealed(vault: Vault) -> Sealed:
    """Return a vault with one backup that the first identity opens."""
    kept = contents()
    return Sealed(vault, vault.seal(kept, LEASE, KEYS[:1]), kept)


@pytest.mark.parametrize("data", [b'{"a": 1}', b'{"b":1,"a":1}', b'{"a":1,"a":1}', b"NaN", b"1.0e1", b"{", b"\xff", b'"\xc3\xa9"'])  # fmt: skip
def test_text_that_could_have_been_written_otherwise_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal, match="not as it was written"):
        parsed(data)


def test_an_empty_message_is_a_message() -> None:
    assert cipher.open_(ROOT, cipher.seal(ROOT, b"", b"about"), b"about") == b""


@pytest.mark.parametrize("length", [0, 1, 7, 8, 23, 24, 39, 40])
def test_too_few_bytes_are_not_authentic_however_few(length: int) -> None:
    with pytest.raises(NotAuthentic):
        cipher.open_(ROOT, bytes(length), b"")


def test_a_file_cut_anywhere_or_extended_is_refused(sealed: Sealed) -> None:
    data = sealed.path.read_bytes()
    for end in range(len(data)):
        with pytest.raises(Refusal):
            envelope.from_bytes(data[:end])
    for more in (b"\n", b"x", b"x\n", b"\n\n"):
        with pytest.raises(Refusal, match="something was added"):
            envelope.from_bytes(data + more)


def header_of(length: int) -> bytes:
    """Return a file whose header line is exactly so long."""

    def file(padding: int) -> bytes:
        subject = BackupSubject("rehearsal", Repository("acme", "widget"), "j", ("x" * padding,), ())
        slot = slots.RecipientSlot(bytes(32), bytes(32), bytes(72))
        return envelope.to_bytes(Envelope(ID, subject, LEASE, (slot,), bytes(100_000)))

    return file(length - len(file(0).split(b"\n")[1]))


def test_a_header_is_as_long_as_the_limit_and_no_longer_whatever_the_body() -> None:
    longest = header_of(LARGEST_HEADER)
    assert len(longest.split(b"\n")[1]) == LARGEST_HEADER == 64 << 10
    assert envelope.from_bytes(longest).id == ID
    with pytest.raises(Refusal, match="too long"):
        envelope.from_bytes(header_of(LARGEST_HEADER + 1))


def test_a_file_is_as_large_as_the_limit_and_no_larger(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as out:
        out.truncate(16 << 20)
    assert len(read_file(file)) == LARGEST
    with file.open("ab") as out:
        out.write(b"\0")
    with pytest.raises(Refusal) as refused:
        read_file(file)
    assert refused.value.reason is Reason.NOT_A_BACKUP


def test_no_repr_shows_what_is_sealed_or_how_it_opens() -> None:
    wrapped = [slots.wrap(key, ROOT, ID, kdf.FLOOR) for key in (KEYS[0], PassphraseKey(Secret(PASSPHRASE)))]
    shown = repr([*wrapped, Envelope(ID, contents().subject, LEASE, (), b"the body")])
    for secret in (wrapped[0].trial, wrapped[0].slot.wrapped, wrapped[1].slot.wrapped, b"the body"):
        assert repr(secret) not in shown
    assert "trial" not in shown
    assert repr((PassphraseKey(Secret("x")), PassphraseUnlock(Secret("x")))) == "(PassphraseKey(), PassphraseUnlock())"
    assert repr(UNLOCKS[0]) == "IdentityUnlock()"


def test_a_recipient_is_written_so_for_ever() -> None:
    """Somebody's CI has it in its configuration."""
    text = "keyless-recipient-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9jDc0p"
    assert keys.recipient_text(ROOT) == text
    assert keys.recipient_bytes(text) == ROOT


def subject(owner: str, name: str, realm: Realm = Realm.REAL) -> BackupSubject:
    return BackupSubject(realm.value, Repository(owner, name), "j", (), ())


@pytest.mark.parametrize(
    ("about", "name"),
    [
        (subject("acme", "widget"), f"acme-widget-2026-11-23-{ID}.keyless-backup"),
        (subject("acme", "w", Realm.REHEARSAL), f"REHEARSAL-acme-w-2026-11-23-{ID}.keyless-backup"),
        (subject("X", ".dots.X"), f"X-.dots.X-2026-11-23-{ID}.keyless-backup"),
        (subject("..", "/etc/"), f"etc-2026-11-23-{ID}.keyless-backup"),
        (subject("a" * 39, "b" * 100), f"{'a' * 39}-{'b' * 40}-2026-11-23-{ID}.keyless-backup"),
    ],
)
def test_a_file_is_named_for_what_it_is_for(about: BackupSubject, name: str) -> None:
    assert file_name(ID, about, LEASE) == name


def test_only_backups_are_listed_in_order_and_drafts_and_strange_files_are_none(vault: Vault) -> None:
    ids = {vault.seal(contents(), LEASE, KEYS[:1]).id for _ in range(4)}
    folder = vault.path(min(ids)).parent
    for stray in ("notes.txt", ".draft.keyless-backup", ".notes"):
        (folder / stray).write_text("x")
    assert [header.id for header in vault.list()] == sorted(ids)
    assert vault.unreadable() == ()


def test_reading_where_there_is_no_folder_makes_none(tmp_path: Path) -> None:
    with pytest.raises(KeylessError):
        Folder(tmp_path / "none").read("x.keyless-backup")
    assert list(tmp_path.iterdir()) == []


def test_shredding_flushes_the_keys_zeros_first_then_the_rest_then_the_folder(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    magic, header, _ = sealed.path.read_bytes().split(b"\n", 2)
    keys_end, size = len(magic) + len(header) + 2, sealed.path.stat().st_size
    done: list[object] = []
    write, flush = os.pwrite, os.fsync

    def written(file: int, data: bytes, at: int) -> int:
        assert not data.strip(b"\0")
        done.append((at, at + len(data)))
        return write(file, data, at)

    def flushed(file: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file")
        flush(file)

    monkeypatch.setattr(os, "pwrite", written)
    monkeypatch.setattr(os, "fsync", flushed)
    sealed.vault.shred(sealed.header.id)
    assert done == [(0, keys_end), "file", (keys_end, size), "file", "folder"]


def test_a_disk_that_fails_while_shredding_leaves_the_name_so_that_it_can_be_done_again(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sealed.path

    def failing(*_: object) -> int:
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", failing)
        with pytest.raises(StorageTrouble):
            sealed.vault.shred(sealed.header.id)
    assert path.exists()
    sealed.vault.shred(sealed.header.id)
    assert not path.exists()


def test_a_system_that_cannot_drop_what_it_keeps_in_memory_writes_all_the_same(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    header = vault.seal(contents(), LEASE, KEYS[:1])
    assert vault.open(header.id, UNLOCKS[0], now=NOW)[1] == contents()


def test_shredding_leaves_no_file_open(sealed: Sealed) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    sealed.vault.shred(sealed.header.id)
    assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.parametrize("cost", [kdf.FLOOR, kdf.CAP, kdf.Cost(kdf.FLOOR.memory, kdf.CAP.passes)])
def test_the_bounds_of_the_cost_are_within_them(cost: kdf.Cost) -> None:
    kdf.check(cost)


def test_a_header_names_the_recipients_that_can_open_it(vault: Vault) -> None:
    assert vault.seal(contents(), LEASE, KEYS[:2]).slots == tuple(f"recipient {public}" for public, _ in PAIRS[:2])


@pytest.mark.parametrize("key", [KEYS[0], PassphraseKey(Secret(PASSPHRASE))])
def test_a_new_slot_is_believed_only_when_it_gives_this_key_of_this_backup(key: keys.Key) -> None:
    made = slots.wrap(key, ROOT, ID, kdf.FLOOR)
    assert slots.opens(made.slot, made.trial, ROOT, ID)
    assert not slots.opens(made.slot, made.trial, bytes(32), ID)
    assert not slots.opens(made.slot, made.trial, ROOT, ID[::-1])


def test_a_refusal_says_what_does_not_open_it(sealed: Sealed) -> None:
    with pytest.raises(Refusal, match="This passphrase does not open"):
        sealed.vault.open(sealed.header.id, PassphraseUnlock(Secret("x")), now=NOW)
    with pytest.raises(Refusal, match="This identity does not open"):
        sealed.vault.open(sealed.header.id, UNLOCKS[1], now=NOW)


@pytest.mark.parametrize("key", [KEYS[0], PassphraseKey(Secret(PASSPHRASE))])
def test_a_slot_with_a_field_more_is_of_no_known_kind(key: keys.Key) -> None:
    stated = slots.to_json(slots.wrap(key, ROOT, ID, kdf.FLOOR).slot)
    assert slots.to_json(slots.from_json(stated)) == stated
    with pytest.raises(Refusal, match="no known kind"):
        slots.from_json({**stated, "more": 1})


def test_a_backup_is_never_written_over_another_even_if_chance_gives_its_id_again(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: ID)
    vault.seal(contents(), LEASE, KEYS[:1])
    with pytest.raises(KeylessError):
        vault.seal(contents(), LEASE, KEYS[1:2])


def test_whether_a_backup_is_there_is_said_with_yes_or_no(sealed: Sealed) -> None:
    assert sealed.vault.holds(sealed.header.id) is True
    assert sealed.vault.holds(ID) is False


def opened_by(vault: Vault, backup: str) -> list[bool]:
    found = []
    for unlock in UNLOCKS:
        try:
            found.append(vault.open(backup, unlock, now=NOW)[1] == contents())
        except Refusal:
            found.append(False)
    return found


@pytest.mark.parametrize("number", [0, 1, 2])
def test_exactly_the_key_that_was_named_is_taken_away(vault: Vault, number: int) -> None:
    header = vault.seal(contents(), LEASE, KEYS[:3])
    vault.remove_key(header.id, UNLOCKS[2], number, now=NOW)
    assert opened_by(vault, header.id) == [at != number for at in range(3)] + [False]


@pytest.mark.parametrize("number", [-1, 2, 3])
def test_a_key_that_is_not_there_cannot_be_taken_away(vault: Vault, number: int) -> None:
    header = vault.seal(contents(), LEASE, KEYS[:2])
    with pytest.raises(UsageError):
        vault.remove_key(header.id, UNLOCKS[0], number, now=NOW)
    assert opened_by(vault, header.id) == [True, True, False, False]


def test_the_keys_of_an_expired_backup_are_not_changed(vault: Vault) -> None:
    """Whoever may not open it may not let others open it either."""
    header = vault.seal(contents(), LEASE, KEYS[:2])
    for attempt in (
        lambda: vault.add_key(header.id, UNLOCKS[0], KEYS[2], now=LATER),
        lambda: vault.remove_key(header.id, UNLOCKS[0], 1, now=LATER),
        lambda: vault.extend(header.id, UNLOCKS[0], Lease(LATER, LATER + timedelta(days=1))),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.reason is Reason.EXPIRED
    assert opened_by(vault, header.id) == [True, True, False, False]


def test_the_header_begins_where_the_documentation_says() -> None:
    assert MAGIC.startswith(b"keyless backup v1 - sealed; docs/backup-format.md")
    assert Reason("missing") is Reason.MISSING
