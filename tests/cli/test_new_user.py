"""What somebody new runs into: commands that are copied, names that are mistyped, streams that are closed or full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from keyless.cli.main import run
from keyless.rehearsal.connection import FILE
from tests.cli.checkouts import TOKEN, WORKFLOW, checkout


def test_a_command_to_copy_says_which_services_and_which_state(tmp_path, capsys):
    """Without them the next command would talk to the real services."""
    (tmp_path / FILE).write_text("{}")
    assert run(["--rehearsal", str(tmp_path), "--state", str(tmp_path / "my state"), "status"]) == 0
    assert f"  keyless --rehearsal {tmp_path} --state '{tmp_path}/my state' scan" in capsys.readouterr().out


def test_a_scan_of_another_folder_names_it_in_the_next_command(tmp_path, capsys):
    folder = checkout(tmp_path, {WORKFLOW: TOKEN})
    assert run(["scan", str(folder)]) == 0
    assert f"  keyless migrate {folder}" in capsys.readouterr().out


def test_a_hint_that_is_a_command_says_it_too(tmp_path, capsys):
    assert run(["--state", str(tmp_path), "receipt", "export", "nobody/none"]) == 2
    assert f"`keyless --state {tmp_path} status`" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "watch", "backup list"])
def test_a_folder_that_is_no_rehearsal_is_refused_and_left_as_it_is(tmp_path, capsys, command):
    assert run(["--rehearsal", str(tmp_path), *command.split()]) == 2
    assert "rehearsal in" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", ["--rehearsal", "--state"])
def test_an_empty_name_of_a_folder_is_not_here(tmp_path, capsys, monkeypatch, flag):
    """`--state "$UNSET"` would put journal and backups into whatever folder one is in."""
    monkeypatch.chdir(tmp_path)
    assert run([flag, "", "status"]) == 2
    assert "it is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_days_that_are_no_number_are_refused(tmp_path, capsys):
    assert run(["--state", str(tmp_path), "wait", "shap", "--expect", "a/b", "--days", "nan"]) == 2
    assert "no number of days" in capsys.readouterr().err


def test_a_new_file_that_is_there_already_is_said_to_be(tmp_path, capsys):
    (tmp_path / "key").write_text("mine")
    assert run(["backup", "recipient", "new", "--private-to", str(tmp_path / "key")]) == 2
    said = capsys.readouterr().err
    assert "Name a new file" in said
    assert "Links" not in said


def test_the_help_of_a_secret_says_where_it_can_be_read_from(capsys):
    assert run(["token", "inspect", "--help"]) == 0
    assert "env:NAME, file:PATH, fd:N" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("arguments", [("status",), ("--help",), ("--version",), ("frob",)])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_bug(tmp_path, arguments, closed):
    command = f'"$0" -m keyless --state "$1" {" ".join(arguments)} {closed}'
    ran = subprocess.run(
        ["sh", "-c", command, sys.executable, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == (2 if arguments == ("frob",) else 0)
    assert "bug" not in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("status",), ("--help",), ("--version",), ("--json", "status")])
def test_output_into_a_full_disk_is_exit_75(tmp_path, arguments):
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "keyless", "--state", str(tmp_path), *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 75
    assert "No space left on device" in ran.stderr
    assert "Nothing was changed" not in ran.stderr
    assert not {"bug", "Exception"} & set(ran.stderr.split())
