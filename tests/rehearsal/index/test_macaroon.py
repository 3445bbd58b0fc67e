from __future__ import annotations

import base64

import pytest

from keyless.rehearsal.index import macaroon, state
from keyless.rehearsal.index.tokens import serialise
from tests.rehearsal.index.world import RELEASE

KEY = b"k" * 32
IDENTIFIER = "9d2a7b5e-5f0f-4d30-9f59-0b6a9c1f2e11"
CAVEATS = (b'[1,["sampleproj"]]', b"[0,2000000000,1000000000]")
THEIRS = (
    "pypi-AgEIcHlwaS5vcmcCJDlkMmE3YjVlLTVmMGYtNGQzMC05ZjU5LTBiNmE5YzFmMmUxMQACElsxLFsic2FtcGxlcHJvaiJdXQACGVswLDIwMDAw"
    "MDAwMDAsMTAwMDAwMDAwMF0AAAYgjrdjrNRqE7QH-I1glYMmOh2NMzAOfgY19iWBbeCyug8"
)
"""What pymacaroons 0.13 makes of the same location, identifier, key and caveats; and of a caveat longer than 127 bytes."""
THEIRS_LONG = (
    "pypi-AgENdGVzdC5weXBpLm9yZwIkOWQyYTdiNWUtNWYwZi00ZDMwLTlmNTktMGI2YTljMWYyZTExAALQAVsxLFsi"
    + "eHh4" * 66
    + "eHgiXV0AAAYg_AVNGyD2Nd04-3KJhydnqns74HkkAsrsSoKxOp6xQCc"
)


def test_another_implementation_mints_the_same_text():
    assert macaroon.mint("pypi.org", IDENTIFIER, KEY, CAVEATS) == THEIRS
    assert macaroon.mint("test.pypi.org", IDENTIFIER, KEY, (b'[1,["' + b"x" * 200 + b'"]]',)) == THEIRS_LONG


def test_a_caveat_appended_offline_extends_the_signature_as_the_server_computes_it():
    before, after = macaroon.read(macaroon.mint("pypi.org", IDENTIFIER, KEY, CAVEATS[:1])), macaroon.read(THEIRS)
    assert macaroon.extend(before.signature, CAVEATS[1:]) == after.signature


def test_reading_and_writing_again_gives_the_same_text():
    text = macaroon.mint("test.pypi.org", IDENTIFIER, KEY, (b"x" * 300,))
    assert macaroon.write(macaroon.read(text)) == text


@pytest.mark.parametrize("at", range(0, 160, 7))
def test_a_token_cut_anywhere_is_malformed(at):
    text = macaroon.mint("pypi.org", IDENTIFIER, KEY, CAVEATS)
    with pytest.raises(macaroon.Malformed):
        macaroon.read(text[:at])


@pytest.mark.parametrize(
    "text",
    ["", "pypi-", "pypi-!!!!", "ghp_" + "a" * 60, "pypi-" + base64.urlsafe_b64encode(b"\x01" + b"a" * 90).decode()],
)
def test_other_texts_are_malformed(text):
    with pytest.raises(macaroon.Malformed):
        macaroon.read(text)


def test_trailing_bytes_are_malformed():
    text = macaroon.mint("pypi.org", IDENTIFIER, KEY, ())
    body = text.removeprefix("pypi-")
    data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    with pytest.raises(macaroon.Malformed):
        macaroon.read("pypi-" + base64.urlsafe_b64encode(data + b"\x00").decode().rstrip("="))


def test_tokens_have_the_lengths_and_prefixes_of_real_ones(world, test_world):
    assert len(world.user_token()) == 179
    assert len(world.user_token(project="sampleproj", description="narrow")) == 209
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    assert len(world.minted()) == 285
    assert world.user_token(description="x").reveal().startswith("pypi-AgEIcHlwaS5vcmcCJ")
    assert test_world.user_token().reveal().startswith("pypi-AgENdGVzdC5weXBpLm9yZwIk")
    assert len(macaroon.mint("pypi.org", IDENTIFIER, KEY, ())) == 119


def test_every_token_has_a_root_key_of_its_own(world):
    first, second = world.user_token(), world.user_token(description="second")
    rows = [state.token(world.store, world.index, state.token_identifier(token)) for token in (first, second)]
    assert rows[0]["root_key"] != rows[1]["root_key"]


def test_caveats_are_written_as_compact_json():
    assert serialise([4, "id", None]) == b'[4,"id",null]'
