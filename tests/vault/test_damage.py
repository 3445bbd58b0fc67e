"""A backup with anything changed is refused with one class of error. A sample here; the scoreboard tries every byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyless.errors import BackupRefused
from keyless.model.realm import Realm
from keyless.vault import IdentityUnlock, RecipientKey, Vault, new_recipient
from keyless.vault.envelope import LARGEST, MAGIC
from tests.vault import second_reader
from tests.vault.conftest import LEASE, NOW, contents

PUBLIC, PRIVATE = new_recipient()
UNLOCK = IdentityUnlock(PRIVATE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the bytes of a good backup."""
    vault = Vault(tmp_path_factory.mktemp("whole") / "v", Realm.REHEARSAL)
    return vault.path(vault.seal(contents(), LEASE, [RecipientKey(PUBLIC)]).id).read_bytes()


def refused(data: bytes, folder: Path) -> bool:
    """Whether both readers refuse these bytes, each with its one class of error."""
    file = folder / "changed"
    file.write_bytes(data)
    with pytest.raises(BackupRefused):
        Vault(folder / "v", Realm.REHEARSAL).open(file, UNLOCK, now=NOW)
    with pytest.raises(second_reader.REFUSED):
        second_reader.read(data, "rehearsal", NOW, identity=PRIVATE.reveal())
    return True


def test_the_file_opens_as_long_as_nobody_touches_it(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(whole)
    assert Vault(tmp_path / "v", Realm.REHEARSAL).open(tmp_path / "x", UNLOCK, now=NOW)[1] == contents()
    assert second_reader.read(whole, "rehearsal", NOW, identity=PRIVATE.reveal())["made_by"] == "0.1.0"


def test_a_bit_flipped_in_any_byte_is_refused(whole: bytes, tmp_path: Path) -> None:
    chance = random.Random(7)  # which bit of each byte; the same ones every time
    positions = range(0, len(whole), 11)
    assert len(positions) > 250
    for position in positions:
        changed = whole[position] ^ 1 << chance.randrange(8)
        assert refused(whole[:position] + bytes([changed]) + whole[position + 1 :], tmp_path)


def test_a_byte_that_stays_plausible_is_refused_too(whole: bytes, tmp_path: Path) -> None:
    letters = b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="{}[]:,\n '
    chance = random.Random(8)
    for _ in range(200):
        position = chance.randrange(len(whole))
        other = chance.choice([letter for letter in letters if letter != whole[position]])
        assert refused(whole[:position] + bytes([other]) + whole[position + 1 :], tmp_path)


def test_cut_anywhere_is_refused(whole: bytes, tmp_path: Path) -> None:
    for length in [*range(0, len(whole), 23), len(whole) - 1, len(whole) - 2, len(MAGIC)]:
        assert refused(whole[:length], tmp_path)


@pytest.mark.parametrize("more", [b"\n", b"\0", b" ", b"=", b"A", b"x" * 100, b"\r\n"])
def test_extended_is_refused(whole: bytes, more: bytes, tmp_path: Path) -> None:
    assert refused(whole + more, tmp_path)
    assert refused(more + whole, tmp_path)
    assert refused(whole[:-1] + more + whole[-1:], tmp_path) or more == b"\n"


def test_larger_than_any_backup_is_refused_without_reading_all_of_it(whole: bytes, tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as handle:
        handle.write(whole)
        handle.truncate(LARGEST + 1)
    with pytest.raises(BackupRefused, match="larger than"):
        Vault(tmp_path / "v", Realm.REHEARSAL).open(file, UNLOCK, now=NOW)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(junk=st.binary(max_size=400), after_magic=st.booleans(), lines=st.booleans())
def test_any_bytes_at_all_are_refused(junk: bytes, after_magic: bool, lines: bool, tmp_path: Path) -> None:
    start = MAGIC if after_magic else b""
    assert refused(start + junk + (b"\nAAAA\n" if lines else b""), tmp_path)


def test_a_spelling_that_every_other_check_let_through_is_refused_all_the_same(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_bytes(whole)
    monkeypatch.setattr("keyless.vault.envelope.to_bytes", lambda envelope: whole + b"?")
    with pytest.raises(BackupRefused, match="as it was written"):
        Vault(tmp_path / "v", Realm.REHEARSAL).open(tmp_path / "x", UNLOCK, now=NOW)
