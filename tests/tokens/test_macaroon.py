"""Reading a token's bytes: strictly, and without ever quoting them."""

from __future__ import annotations

import contextlib

import pymacaroons
import pypitoken
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.errors import KeylessError, UsageError
from keyless.secret import Secret
from keyless.tokens import NotAToken, read
from keyless.tokens.macaroon import LONGEST, parse
from tests.tokens.conftest import IDENTIFIER, MINTED_TOKEN, PROJECT_TOKEN, ROOT_KEY, USER, USER_TOKEN, mint, raw, text


def test_the_tokens_of_these_tests_have_the_lengths_of_real_ones() -> None:
    assert [len(token) for token in (mint(), USER_TOKEN, PROJECT_TOKEN)] == [119, 179, 207]
    assert 260 < len(MINTED_TOKEN) < 300


def test_they_are_what_pymacaroons_makes_with_the_same_key() -> None:
    theirs = pymacaroons.Macaroon(
        location="pypi.org", identifier=IDENTIFIER, key=ROOT_KEY, version=pymacaroons.MACAROON_V2
    )
    theirs.add_first_party_caveat(f'[3,"{USER}"]')
    assert Secret("pypi-" + theirs.serialize()) == USER_TOKEN


@pytest.mark.parametrize("token", [mint(), USER_TOKEN, PROJECT_TOKEN, MINTED_TOKEN])
def test_it_reads_the_same_parts_as_pypitoken(token: Secret) -> None:
    theirs = pypitoken.Token.load(token.reveal())
    ours = parse(token)
    assert (ours.location, ours.identifier) == (theirs.domain, theirs.identifier)
    assert list(ours.caveats) == [caveat.caveat_id_bytes for caveat in theirs._macaroon.caveats]
    assert ours.signature.hex().encode() == theirs._macaroon.signature_bytes


def test_padding_at_the_end_is_accepted_as_the_index_accepts_it() -> None:
    padded = Secret(USER_TOKEN.reveal() + "=" * (-(len(USER_TOKEN) - 5) % 4))
    assert parse(padded) == parse(USER_TOKEN)


@pytest.mark.parametrize(
    ("given_text", "says"),
    [
        ("", "empty"),
        ("hunter2", "does not begin"),
        ("ghp_" + "a" * 36, "GitHub token"),
        ("github_pat_" + "a" * 40, "GitHub token"),
        ("gho_" + "a" * 36, "GitHub token"),
        ("ghs_" + "a" * 36, "GitHub token"),
        ("glpat-" + "a" * 20, "GitLab token"),
        ("npm_" + "a" * 36, "npm token"),
        ("AKIA" + "A" * 16, "AWS key"),
        ("${{ secrets.PYPI_API_TOKEN }}", "expression of a workflow"),
        ("PYPI-" + USER_TOKEN.reveal()[5:], "does not begin"),
        (USER_TOKEN.reveal() + "\n", "around it"),
        (" " + USER_TOKEN.reveal(), "around it"),
        (f'"{USER_TOKEN.reveal()}"', "does not begin"),
        (USER_TOKEN.reveal().replace("A", "é", 1), "characters in it"),
        (USER_TOKEN.reveal()[:90] + "\n" + USER_TOKEN.reveal()[90:], "characters in it"),
        ("pypi-" + "A" * (LONGEST - 4), "it has 16385 characters"),
        (USER_TOKEN.reveal() + " ", "a space or a line end around it"),
        ("pypi-", "characters in it"),
        ("pypi-A", "end is missing"),
        ("pypi-AAAA", "version 2"),
        ("pypi-TURBd", "end is missing"),
    ],
)
def test_each_wrong_text_is_refused_with_what_is_wrong(given_text: str, says: str) -> None:
    with pytest.raises(NotAToken, match=says) as caught:
        parse(Secret(given_text))
    assert isinstance(caught.value, UsageError)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("token", [USER_TOKEN, PROJECT_TOKEN, MINTED_TOKEN])
def test_a_token_cut_anywhere_is_refused(token: Secret) -> None:
    whole = raw(token)
    for length in range(len(whole)):
        with pytest.raises(NotAToken):
            parse(text(whole[:length]))


def test_a_token_is_as_long_as_the_limit_and_no_longer() -> None:
    """Longer than any that PyPI makes: something else was given."""
    (longest,) = (token for n in range(12_100, 12_200) if len(token := mint(b"x" * n)) == LONGEST)
    assert read(longest).length == LONGEST == 16_384


@pytest.mark.parametrize("length", [0, 1, 127, 128, 129, 255, 256, 384, 2000])
def test_parts_of_any_length_are_read_whole(length: int) -> None:
    caveat = b"x" * length
    assert parse(mint(caveat, b"after")).caveats == (caveat, b"after")


def test_more_after_the_signature_is_refused() -> None:
    with pytest.raises(NotAToken, match="more after"):
        parse(text(raw(USER_TOKEN) + b"\x00"))


def test_a_short_signature_is_refused() -> None:
    with pytest.raises(NotAToken, match="32 bytes"):
        parse(text(raw(USER_TOKEN)[:-34] + b"\x06\x1f" + bytes(31)))


def test_a_third_party_caveat_is_refused() -> None:
    whole = raw(mint())
    with pytest.raises(NotAToken, match="third-party"):
        parse(text(whole[:-35] + b"\x02\x01x\x04\x01y\x00" + whole[-35:]))


@pytest.mark.parametrize("start", [b"\x02\x02", b"\x02\x01\x81\x80\x80\x80\x01", b"\x02\x01\xff\x7f"])
def test_parts_out_of_order_or_with_impossible_lengths_are_refused(start: bytes) -> None:
    with pytest.raises(NotAToken):
        parse(text(start + raw(USER_TOKEN)[2:]))


def test_sections_that_do_not_end_are_refused() -> None:
    whole = bytearray(raw(USER_TOKEN))
    whole[1 + 10 + 38] = 1
    with pytest.raises(NotAToken, match="order"):
        parse(text(bytes(whole)))


def test_a_location_or_identifier_that_is_no_plain_text_is_refused() -> None:
    with pytest.raises(NotAToken, match="its location is no plain text"):
        parse(mint(location="pypi.örg"))
    with pytest.raises(NotAToken, match="its identifier is no plain text"):
        parse(mint(identifier="é"))


def test_an_identifier_that_is_no_uuid_is_refused() -> None:
    with pytest.raises(NotAToken, match="UUID"):
        read(mint(identifier="42"))


def test_parts_show_neither_signature_nor_token() -> None:
    shown = repr(parse(USER_TOKEN))
    assert "signature" not in shown
    assert raw(USER_TOKEN)[-32:].hex() not in shown


@given(position=st.integers(5, 178), character=st.characters(codec="utf-8"))
def test_a_changed_character_is_read_or_refused_but_never_quoted(position: int, character: str) -> None:
    changed = USER_TOKEN.reveal()[:position] + character + USER_TOKEN.reveal()[position + 1 :]
    try:
        card = read(Secret(changed))
    except KeylessError as error:
        said = f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
        assert not any(changed[start : start + 12] in said for start in range(5, 167))
    else:
        assert changed[5:40] not in repr(card)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(NotAToken):
        assert read(text(data)).length > 5
