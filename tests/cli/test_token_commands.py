"""`token inspect` and `token narrow`: offline, and no token ever on a terminal."""

from __future__ import annotations

import json

import pytest

from keyless.cli.main import run
from tests.cli.tokens import IDENTIFIER, token


@pytest.fixture
def whole(monkeypatch) -> str:
    text = token()
    monkeypatch.setenv("TOKEN", text)
    return text


def test_a_token_is_read_offline_and_not_shown(capsys, whole):
    """The card says index, identifier and scope; nothing from which the token could be made."""
    assert run(["token", "inspect", "--token-from", "env:TOKEN"]) == 0
    shown = capsys.readouterr().out
    assert IDENTIFIER in shown
    assert "PyPI" in shown
    assert f"{len(whole)} characters" in shown
    assert not any(whole[start : start + 12] in shown for start in range(len(whole) - 12))


def test_the_card_is_a_result_for_programs(capsys, whole):
    """One line of JSON."""
    assert run(["token", "inspect", "--token-from", "env:TOKEN", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert (body["version"], body["services"], body["event"], body["kind"]) == (1, "real", "result", "TokenCard")
    assert body["data"]["identifier"] == IDENTIFIER


def test_what_is_odd_about_a_token_is_said_and_exits_20(capsys, monkeypatch):
    """A token of TestPyPI in PyPI's place."""
    monkeypatch.setenv("TOKEN", token("test.pypi.org"))
    assert run(["token", "inspect", "--token-from", "env:TOKEN", "--index", "pypi", "--project", "shap"]) == 20
    assert "Cannot serve" in capsys.readouterr().out


def test_without_a_terminal_the_flag_is_named(capsys):
    """Nothing asks when there is no terminal."""
    assert run(["token", "inspect"]) == 2
    shown = capsys.readouterr().err
    assert "--token-from" in shown
    assert "'token' in a playbook" in shown


@pytest.mark.parametrize("text", ["", "hello", "pypi-AgEIcHlwaS5vcmc", "ghp_" + "a" * 36])
def test_what_is_no_token_is_refused(capsys, monkeypatch, text):
    """Exit 2, and it is not repeated."""
    monkeypatch.setenv("TOKEN", text)
    assert run(["token", "inspect", "--token-from", "env:TOKEN"]) == 2
    assert not text or text not in capsys.readouterr().err


def test_a_narrowed_copy_goes_into_a_new_private_file(capsys, whole, tmp_path):
    """0600, never over a file that is there, and the card of the copy is shown."""
    target = tmp_path / "copy"
    arguments = [
        "token",
        "narrow",
        "--token-from",
        "env:TOKEN",
        "--project",
        "Sh_ap",
        "--days",
        "3",
        "--to",
        str(target),
    ]
    assert run(arguments) == 0
    assert target.stat().st_mode & 0o777 == 0o600
    copy = target.read_text().strip()
    assert copy.startswith("pypi-")
    assert copy != whole
    assert "sh-ap" in capsys.readouterr().out
    assert run(arguments) == 2
    assert target.read_text().strip() == copy


def test_a_narrowed_copy_can_go_into_a_pipe(capsys, whole):
    """For `gh secret set`; then nothing else is written there."""
    assert run(["token", "narrow", "--token-from", "env:TOKEN", "--project", "shap", "--to", "-"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("pypi-AgEI")


def test_a_secret_is_never_written_onto_a_terminal(capsys, whole, monkeypatch):
    """A screen has a scroll-back."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run(["token", "narrow", "--token-from", "env:TOKEN", "--project", "shap", "--to", "-"]) == 2
    assert "pypi-" not in capsys.readouterr().out


def test_a_token_of_neither_index_is_sent_nowhere(capsys, monkeypatch):
    """S7: a probe goes to the token's own index, and this one has none."""
    monkeypatch.setenv("TOKEN", token("example.org"))
    assert run(["token", "probe", "--token-from", "env:TOKEN"]) == 2
    assert "sent nowhere" in capsys.readouterr().err
