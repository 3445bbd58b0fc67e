"""Text from outside is made fit to be shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.model.text import clean, hide_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PYPI_TOKEN", "PYPI_TOKEN"),
        ("Übergröße 日本語 😀 é", "Übergröße 日本語 😀 é"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd"),
        ("\x07\x08\x7f\x9b", "\\x07\\x08\\x7f\\x9b"),
        ("admin\u202etxt", "admin\\u202etxt"),
        ("a\u200bb\ufeffc\u2028d", "a\\u200bb\\ufeffc\\u2028d"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_what_moves_hides_or_reverses_becomes_visible(text: str, shown: str):
    """A name cannot draw on the terminal or pretend to be another one."""
    assert clean(text) == shown


def test_lines_keep_line_feeds_and_tabs_and_nothing_else():
    """A diff has lines; a carriage return would still overwrite one."""
    assert clean("a\n\tb\rc\x1b", lines=True) == "a\n\tb\\x0dc\\x1b"


@pytest.mark.parametrize(
    "token",
    [
        "pypi-AgEIcHlwaS5vcmcC" + "Ab3" * 62,
        "pypi-AgENdGVzdC5weXBpLm9yZwIk" + "x_-" * 50,
        "ghp_" + "a1" * 18,
        "gho_" + "a1" * 18,
        "ghs_" + "a1" * 18,
        "github_pat_" + "11A_" * 20,
    ],
)
def test_what_looks_like_a_token_keeps_only_its_prefix(token: str):
    """R14: the last net."""
    for text in (token, f"password: '{token}'", f'{{"a": "{token}"}}'):
        assert token[12:30] not in clean(text)
        assert token[12:30] not in hide_credentials(text)
        assert "(hidden)" in clean(text)


@pytest.mark.parametrize("name", ["pypi-attestations", "pypi-simple-index-server-with-a-long-name", "ghp_x", "aghost_"])
def test_a_projects_name_is_no_token(name: str):
    """Many projects are called pypi-something."""
    assert clean(name) == name


@given(st.text(alphabet=st.characters(), max_size=60), st.booleans())
def test_nothing_that_controls_or_cannot_be_encoded_is_left(text: str, lines: bool):
    """Whatever the text: printable, encodable, and cleaning twice is cleaning once."""
    shown = clean(text, lines=lines)
    shown.encode()
    allowed = "\n\t" if lines else ""
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} and c not in allowed]
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert clean(shown, lines=lines) == shown
