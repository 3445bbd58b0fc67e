"""Secrets handed over by env:, file:, fd: and stdin."""

from __future__ import annotations

import io
import os

import pytest

from keyless.errors import UsageError
from keyless.services.system import read_secret

TOKEN = "pypi-AgEIcHlwaS5vcmc" + "Kj7xQ2" * 31 + "a"


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "token"
    made.write_text(TOKEN + "\n")
    made.chmod(0o600)
    return made


def refused(source, **more):
    with pytest.raises(UsageError) as error:
        read_secret(source, **more)
    assert error.value.exit_code == 2
    assert error.value.hint
    assert TOKEN not in str(error.value)
    return error.value


def test_from_the_environment():
    assert read_secret("env:PYPI", environment={"PYPI": TOKEN}).reveal() == TOKEN


def test_from_a_file(path):
    assert read_secret(f"file:{path}").reveal() == TOKEN


def test_from_a_descriptor(path):
    with path.open("rb") as file:
        assert read_secret(f"fd:{file.fileno()}").reveal() == TOKEN


def test_from_a_pipe():
    reader, writer = os.pipe()
    os.write(writer, TOKEN.encode())
    os.close(writer)
    try:
        assert read_secret(f"fd:{reader}").reveal() == TOKEN
    finally:
        os.close(reader)


def test_from_standard_input():
    assert read_secret("stdin", stdin=io.BytesIO(TOKEN.encode())).reveal() == TOKEN


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("a\r", "a\r"), ("é", "é")],
)
def test_one_newline_at_the_end_is_taken_off_and_nothing_else(given, kept):
    assert read_secret("env:X", environment={"X": given}).reveal() == kept


def test_a_variable_that_is_not_set_is_named():
    assert "MISSING" in refused("env:MISSING", environment={}).what


@pytest.mark.parametrize("given", ["", "\n"])
def test_nothing_is_no_secret(given):
    refused("env:X", environment={"X": given})


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert "nothing-here" in refused(f"file:{tmp_path}/nothing-here").what


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o777])
def test_a_file_that_everybody_may_read_is_refused(path, mode):
    path.chmod(mode)
    assert "chmod 600" in refused(f"file:{path}").hint


def test_a_folder_is_no_secret(tmp_path):
    refused(f"file:{tmp_path}")


def test_a_file_that_is_too_long_is_refused(path):
    path.write_bytes(b"x" * 70_000)
    refused(f"file:{path}")


def test_bytes_that_are_no_text_are_refused_without_being_shown(path):
    path.write_bytes(b"pypi-\xff\xfe" + TOKEN.encode())
    error = refused(f"file:{path}")
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize("number", ["987", "99999999999"])
def test_a_descriptor_that_is_not_open_is_refused(number):
    refused(f"fd:{number}")


def test_a_terminal_is_no_place_to_read_a_secret_from():
    class Terminal(io.BytesIO):
        def isatty(self):
            return True

    refused("stdin", stdin=Terminal(TOKEN.encode()))


@pytest.mark.parametrize("source", ["", "env:", "file:", "fd:", "fd:x", "fd:-1", "stdin:x", "ENV:X", "pipe", TOKEN])
def test_an_unknown_form_is_refused_and_never_repeated(source):
    error = refused(source)
    assert "env:NAME" in error.hint
    assert not source or source not in error.what
