"""Keys from passphrases: bounded before any memory is taken, the same from every keyboard, never cut off."""

from __future__ import annotations

import pytest
from argon2.low_level import Type, hash_secret_raw
from nacl import exceptions
from nacl.pwhash import argon2id

from keyless.errors import KeylessError, UsageError
from keyless.files import StorageTrouble
from keyless.secret import Secret
from keyless.vault import Cost, PassphraseKey, PassphraseUnlock, Reason, Refusal, Vault
from keyless.vault.kdf import CAP, DEFAULT, FLOOR, derive
from tests.vault.conftest import KEY, LEASE, NOW, UNLOCK, Sealed, contents

SALT = b"0123456789abcdef"


def test_it_is_argon2id_as_another_library_computes_it() -> None:
    theirs = hash_secret_raw(b"pass", SALT, 2, 19 * 1024, 1, 32, Type.ID, 0x13)
    assert derive(Secret("pass"), SALT, FLOOR) == theirs


def test_the_default_is_what_the_design_says() -> None:
    assert Cost(256 * 1024, 3) == DEFAULT


@pytest.mark.parametrize("passes", [0, 1, CAP.passes + 1, -1, 1 << 40])
@pytest.mark.parametrize("memory", [FLOOR.memory, DEFAULT.memory, CAP.memory])
def test_passes_out_of_bounds_are_refused_before_anything_is_derived(
    memory: int, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(argon2id, "kdf", lambda *a, **k: pytest.fail("memory was taken"))
    with pytest.raises(Refusal) as caught:
        derive(Secret("x"), SALT, Cost(memory, passes))
    assert caught.value.reason is Reason.COST


@pytest.mark.parametrize("memory", [0, -1, 1, 8, FLOOR.memory - 1, CAP.memory + 1, 1 << 30, 1 << 62])
def test_memory_out_of_bounds_is_refused_before_any_is_taken(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argon2id, "kdf", lambda *a, **k: pytest.fail("memory was taken"))
    with pytest.raises(Refusal) as caught:
        derive(Secret("x"), SALT, Cost(memory, 3))
    assert caught.value.reason is Reason.COST


def test_a_file_with_one_slot_out_of_bounds_is_refused_before_its_good_slot_is_tried(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(argon2id, "kdf", lambda *a, **k: pytest.fail("memory was taken"))
    data = sealed.path.read_bytes()
    sealed.path.write_bytes(data.replace(b'"memory":19456', b'"memory":99999999'))
    with pytest.raises(Refusal) as caught:
        sealed.vault.open(sealed.path, UNLOCK, now=NOW)
    assert caught.value.reason is Reason.COST


def test_no_memory_to_be_had_says_so_and_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*args: object, **kwargs: object) -> bytes:
        raise exceptions.RuntimeError("Unexpected failure in key derivation")

    monkeypatch.setattr(argon2id, "kdf", none_left)
    with pytest.raises(StorageTrouble, match="not enough memory") as caught:
        derive(Secret("x"), SALT, FLOOR)
    assert caught.value.exit_code == 75


WORDS = "na\u00efve \u00c5ngstr\u00f6m \uac00"
SAME = "nai\u0308ve A\u030angstro\u0308m \u1100\u1161"


@pytest.mark.parametrize(("sealed_with", "opened_with"), [(WORDS, SAME), (SAME, WORDS), (WORDS, WORDS), (SAME, SAME)])
def test_two_unicode_forms_of_a_passphrase_are_the_same(vault: Vault, sealed_with: str, opened_with: str) -> None:
    header = vault.seal(contents(), LEASE, [PassphraseKey(Secret(sealed_with))])
    assert vault.open(header.id, PassphraseUnlock(Secret(opened_with)), now=NOW)[1] == contents()


@pytest.mark.parametrize("passphrase", ["a\n", "a\r\n", "a\0", " a", "\0", "x" * (1 << 20), "\u00a0", "\U0001f511"])
def test_a_passphrase_is_taken_whole(vault: Vault, passphrase: str) -> None:
    header = vault.seal(contents(), LEASE, [PassphraseKey(Secret(passphrase))])
    assert vault.open(header.id, PassphraseUnlock(Secret(passphrase)), now=NOW)[1] == contents()
    with pytest.raises(Refusal) as caught:
        vault.open(header.id, PassphraseUnlock(Secret(passphrase[:-1] + "?")), now=NOW)
    assert caught.value.reason is Reason.KEY


@pytest.mark.parametrize(
    "wrong",
    ["", "Correct horse battery staple", "correct horse battery staple\n", "correct horse", "\0", "x" * (1 << 20)],
)
def test_a_wrong_passphrase_destroys_nothing(sealed: Sealed, wrong: str) -> None:
    before = sealed.path.read_bytes()
    for _ in range(2):
        with pytest.raises(KeylessError):
            sealed.vault.open(sealed.header.id, PassphraseUnlock(Secret(wrong)), now=NOW)
    assert sealed.path.read_bytes() == before
    assert sealed.vault.open(sealed.header.id, UNLOCK, now=NOW)[1] == sealed.contents


@pytest.mark.parametrize(
    ("passphrase", "says"), [("", "empty"), ("x" * ((1 << 20) + 1), "longer than 1 MiB"), ("\udcff", "no valid text")]
)
def test_what_is_no_passphrase_is_refused_and_nothing_is_left_behind(vault: Vault, passphrase: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        vault.seal(contents(), LEASE, [KEY, PassphraseKey(Secret(passphrase))])
    assert vault.list() == ()
    assert caught.value.__cause__ is caught.value.__context__ is None
