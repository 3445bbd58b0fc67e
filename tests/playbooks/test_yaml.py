"""YAML is read as plain data, with the place of everything, and nothing that could grow or build objects."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.playbooks.yaml import MOST_BYTES, Place, PlaybookRefused, read_yaml


def read(text: str | bytes):
    return read_yaml("it.yml", text if isinstance(text, bytes) else text.encode())


def refusal(text: str | bytes) -> str:
    with pytest.raises(PlaybookRefused) as caught:
        read(text)
    assert caught.value.exit_code == 2
    return caught.value.what


def test_values_come_with_their_places():
    """A mistake that is found later can still be shown where it is."""
    document = read("a: 1\nb:\n  - x\n  - c: yes\n")
    assert document.data == {"a": 1, "b": ["x", {"c": True}]}
    assert document.places["b",] == Place(2, 1)
    assert document.places["b", 1, "c"] == Place(4, 5)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("yes", True),
        ("No", False),
        ("~", None),
        ("", None),
        ("14", 14),
        ("-3", -3),
        ('"14"', "14"),
        ("'yes'", "yes"),
        ("1:30", "1:30"),
        ("0x1f", "0x1f"),
        ("2026-01-01", "2026-01-01"),
        ("1.5", "1.5"),
        ("on", "on"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("=", "="),
        ("9" * 40, "9" * 40),
    ],
)
def test_only_plain_words_and_numbers_are_more_than_text(written: str, read_as: object):
    """YAML 1.1 makes 90 of 1:30 and a date of 2026-01-01; here they stay what was written."""
    assert read(f"a: {written}").data == {"a": read_as}


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: 1\na: 2", "it.yml:2:1", "there twice (first in line 1)"),
        ("a: {b: 1, b: 2}", "it.yml:1:11", "there twice"),
        ('"a": 1\na: 2', "it.yml:2:1", "there twice"),
        ("a: &x 1", "it.yml:1:4", "anchors"),
        ("a: 1\nb: *x", "it.yml:2:4", "references"),
        ("a: !!python/object/apply:os.system [id]", "it.yml:1:4", "tags"),
        ("a: !!str 1", "it.yml:1:4", "tags"),
        ("a: !x {b: c}", "it.yml:1:4", "tags"),
        ("a: 1\n---\nb: 2", "it.yml:2:1", "more than one document"),
        ("<<: {a: 1}", "it.yml:1:1", "merge keys"),
        ("? [a]\n: 1", "it.yml:1:3", "a key has to be text"),
        ("a: [1", "it.yml:1:6", "not YAML"),
        ("a:\n\t- 1", "it.yml:2:1", "not YAML"),
        ("a: 'x", "it.yml:1:6", "not YAML"),
        ("", "it.yml:1:1", "empty"),
        ("# nothing\n", "it.yml:1:1", "empty"),
        (b"a: \xff", "it.yml:1:1", "not UTF-8"),
        ("a: \x07", "it.yml:1:1", "not YAML"),
    ],
)
def test_what_is_not_plain_data_is_refused_by_place(text: str | bytes, place: str, says: str):
    """One message, with line and column."""
    what = refusal(text)
    assert what.startswith(f"{place}: ")
    assert says in what


def test_a_bomb_of_references_is_refused_before_it_grows():
    """The billion laughs: nine lines that would be gigabytes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    started = time.perf_counter()
    assert "anchors" in refusal("\n".join(lines))
    assert time.perf_counter() - started < 1


def test_nesting_is_bounded():
    """A hundred thousand brackets must not end in a RecursionError."""
    assert "nested deeper" in refusal("a: " + "[" * 100_000)


def test_values_and_bytes_are_bounded():
    """A playbook is small."""
    assert "more than 20000 values" in refusal("[" + "1," * 30_000 + "]")
    assert "bytes" in refusal(b"#" * (MOST_BYTES + 1))


def test_a_byte_order_mark_and_windows_line_ends_are_fine():
    """Some editors write them."""
    assert read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").data == {"a": 1, "b": 2}


def test_control_characters_in_keys_are_shown_escaped():
    """A message about a file does not obey the file."""
    assert "\x1b" not in refusal('"a\\e[2J": 1\n"a\\e[2J": 2')


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!'\"\n #?|>%@`,<=~\t0", max_size=80).map(str.encode))
def test_whatever_the_bytes_nothing_but_a_refusal_escapes(content: bytes):
    """R10: fuzzed input."""
    with contextlib.suppress(PlaybookRefused):
        read(content)
