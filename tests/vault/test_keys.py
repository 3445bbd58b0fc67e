"""Recipients and identities as text: a slip of the pen is noticed, because a backup for nobody would be lost."""

from __future__ import annotations

import pytest

from keyless.errors import UsageError
from keyless.secret import Secret
from keyless.vault import (
    IdentityUnlock,
    PassphraseKey,
    PassphraseUnlock,
    RecipientKey,
    Refusal,
    Vault,
    cipher,
    keys,
    new_recipient,
)
from keyless.vault.canonical import decoded64
from keyless.vault.cipher import NotAuthentic
from tests.vault.conftest import LEASE, NOW, contents


def test_a_recipient_belongs_to_its_identity() -> None:
    public, private = new_recipient()
    assert cipher.public_key(keys.identity_bytes(private)) == keys.recipient_bytes(public)
    assert new_recipient()[0] != public


def test_any_character_changed_in_a_recipient_is_noticed() -> None:
    public, _ = new_recipient()
    for position in range(len(public)):
        other = "A" if public[position] != "A" else "B"
        with pytest.raises(UsageError, match="mistyped"):
            RecipientKey(public[:position] + other + public[position + 1 :])


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: t + "\n",
        lambda t: f" {t}",
        lambda t: t + "é",
        lambda t: "",
        lambda t: t + "====",
    ],
)
def test_a_recipient_with_anything_else_about_it_is_refused(change: object) -> None:
    public, private = new_recipient()
    with pytest.raises(UsageError):
        RecipientKey(change(public))  # type: ignore[operator]
    with pytest.raises(UsageError):
        keys.identity_bytes(Secret(change(private.reveal())))  # type: ignore[operator]


def test_an_identity_is_no_recipient_and_the_other_way_round() -> None:
    public, private = new_recipient()
    with pytest.raises(UsageError):
        RecipientKey(private.reveal())
    with pytest.raises(UsageError):
        keys.identity_bytes(Secret(public))


def test_a_recipient_of_small_order_is_refused_when_sealing(vault: Vault) -> None:
    with pytest.raises(UsageError, match="No key can be agreed"):
        vault.seal(contents(), LEASE, [RecipientKey(keys.recipient_text(bytes(32)))])
    assert vault.list() == ()


def test_a_public_key_of_small_order_gives_no_shared_secret() -> None:
    with pytest.raises(NotAuthentic):
        cipher.agree(b"\x01" * 32, bytes(32))


def test_no_repr_shows_a_key() -> None:
    _, private = new_recipient()
    shown = repr([PassphraseKey(Secret("hunter2")), PassphraseUnlock(Secret("hunter2")), IdentityUnlock(private)])
    assert "hunter2" not in shown
    assert private.reveal() not in shown


def test_a_mistyped_identity_is_told_apart_from_a_wrong_one(vault: Vault) -> None:
    public, private = new_recipient()
    header = vault.seal(contents(), LEASE, [RecipientKey(public)])
    with pytest.raises(UsageError, match="mistyped"):
        vault.open(header.id, IdentityUnlock(Secret(private.reveal()[:-1])), now=NOW)


def test_base64_that_is_no_text_is_refused() -> None:
    for wrong in (None, 5, ["QQ=="], "QQ", "*"):
        with pytest.raises(Refusal, match="not as it was written"):
            decoded64(wrong)
