"""One command line: each error shown once, with its exit code, and nothing secret in it."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import types

import click
import pytest

from keyless import __version__
from keyless.cli import lazy, main
from keyless.cli.app import App
from keyless.cli.listing import COMMANDS, Entry
from keyless.cli.running import run_async
from keyless.cli.shared import command
from keyless.errors import BackupRefused, KeylessError, OperatorStopped, StalePlan, TryLater

TOKEN = "pypi-AgEIcHlwaS5vcmcC" + "Ab3" * 62


def raising(monkeypatch, error: BaseException) -> None:
    """Make `keyless boom` raise."""

    @command("Raise.")
    def boom(app: App) -> None:
        raise error

    module = types.ModuleType("boom")
    module.command = boom
    monkeypatch.setitem(sys.modules, "boom", module)
    monkeypatch.setitem(COMMANDS, "boom", Entry("Raise.", "boom"))


def doing(monkeypatch, action) -> None:
    """Make `keyless act` call `action(app)`."""

    @command("Act.")
    def act(app: App) -> None:
        action(app)

    module = types.ModuleType("act")
    module.command = act
    monkeypatch.setitem(sys.modules, "act", module)
    monkeypatch.setitem(COMMANDS, "act", Entry("Act.", "act"))


def test_the_version_is_said_on_one_line(capsys):
    """Scripts read it."""
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"keyless {__version__}\n"


def test_help_lists_every_command_and_imports_none(capsys, monkeypatch):
    """Start-up stays fast however many commands there are."""
    monkeypatch.setattr(lazy.importlib, "import_module", lambda name: pytest.fail(f"{name} was imported"))
    for arguments in (["--help"], ["-h"]):
        assert main.run(arguments) == 0
        shown = capsys.readouterr().out
        for name, entry in COMMANDS.items():
            assert f"  {name} " in shown
            assert entry.help.split()[0] in shown
    assert main.run(["backup", "--help"]) == 0
    assert "shred" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing command"),
        (["backup"], "Missing command"),
        (["nope"], "No such command 'nope'"),
        (["--nope"], "No such option"),
        (["token", "narrow", "--days", "x", "--to", "-", "--project", "p"], "'x' is not a valid integer"),
        (["token", "narrow"], "Missing option"),
        (["--state"], "requires an argument"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_says_where_help_is(capsys, arguments, says):
    """Usage errors are ours as well: same shape, same code."""
    assert main.run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says.lower() in shown.err.lower()
    assert "--help'" in shown.err
    assert "Nothing was changed." in shown.err


@pytest.mark.parametrize("error", [StalePlan, BackupRefused, OperatorStopped, TryLater])
def test_an_error_is_shown_once_with_what_untouched_and_hint(capsys, monkeypatch, error):
    """What happened, what was left alone, what to do: on stderr, and its exit code."""
    raising(monkeypatch, error("The world moved.", untouched="No secret was removed.", hint="Look again."))
    assert main.run(["boom"]) == error.exit_code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("keyless: The world moved.\n")
    for sentence in ("The world moved.", "No secret was removed.", "Look again."):
        assert shown.err.count(sentence) == 1


def test_an_error_can_be_read_by_a_program(capsys, monkeypatch):
    """With --json, on either side of the command."""
    raising(monkeypatch, TryLater("The index is down.", hint="Wait.", retry_at="2026-11-23T12:00:00Z"))
    for arguments in (["--json", "boom"], ["boom", "--json"]):
        assert main.run(arguments) == 75
        body = json.loads(capsys.readouterr().err)
        assert body["event"] == "error"
        assert body["error"] == "TryLater"
        assert body["exit_code"] == 75
        assert body["retry_at"] == "2026-11-23T12:00:00Z"
        assert body["go_on"] == f"keyless {' '.join(arguments)}"


def test_a_wrong_command_line_is_json_too(capsys):
    """A program that passes a wrong option still gets JSON."""
    assert main.run(["nope", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["exit_code"] == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EOFError(), click.Abort(), OperatorStopped("Stopped.")])
def test_stopping_is_exit_3_with_the_command_to_go_on_with(capsys, monkeypatch, error):
    """S6: every run that ends early says how to go on."""
    raising(monkeypatch, error)
    assert main.run(["boom", "--quiet"]) == 3
    assert "Go on with: keyless boom --quiet" in capsys.readouterr().err


def test_a_command_may_name_another_command_to_go_on_with(capsys, monkeypatch):
    """After `rehearse` the way on is not to rehearse again."""

    def act(app: App) -> None:
        app.resume = "keyless status"
        raise KeyboardInterrupt

    doing(monkeypatch, act)
    assert main.run(["act"]) == 3
    assert "Go on with: keyless status\n" in capsys.readouterr().err


def test_a_bug_is_exit_1_with_its_place_and_neither_its_text_nor_its_locals(capsys, monkeypatch):
    """R14: an exception's text may hold what it failed on."""

    def act(app: App) -> None:
        token = TOKEN
        raise ValueError("could not " + token)

    doing(monkeypatch, act)
    for arguments in (["act"], ["act", "-v"], ["-vv", "act", "--json"]):
        assert main.run(arguments) == 1
        shown = capsys.readouterr().err
        assert "ValueError" in shown
        assert "test_main.py" in shown or "running.py" in shown or "bug" in shown
        assert "report it" in shown
        assert not any(TOKEN[start : start + 8] in shown for start in range(21, len(TOKEN) - 8))


def test_a_full_disk_behind_the_output_is_exit_75_and_no_bug(capsys, monkeypatch):
    """What was done is in the journal, so "nothing was changed" would be a guess."""
    raising(monkeypatch, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert main.run(["boom"]) == 75
    said = capsys.readouterr().err
    assert "What was done so far is in the journal." in said
    assert "report it" not in said


def test_a_bug_shows_the_lines_it_came_through_when_asked(capsys, monkeypatch):
    """-v gives whoever reports it something to paste."""
    raising(monkeypatch, ZeroDivisionError())
    main.run(["boom", "-v"])
    assert 'File "' in capsys.readouterr().err


def test_terminal_escapes_and_tokens_in_an_error_are_neutralised(capsys, monkeypatch):
    """A secret's name comes from the network; a token may come from a slip of the pen."""
    raising(monkeypatch, KeylessError("Secret \x1b[2J\u202e.", untouched=f"Kept {TOKEN}.", hint="a\rb"))
    main.run(["boom"])
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\r" not in shown
    assert TOKEN[21:40] not in shown


def test_a_token_among_the_arguments_is_not_repeated(capsys):
    """R14: typed as an argument by mistake, it is at least not written anywhere else."""
    for arguments in (["token", "inspect", TOKEN], [TOKEN], ["token", "inspect", "--token-from", TOKEN]):
        assert main.run(arguments) == 2
        assert TOKEN[21:40] not in capsys.readouterr().err


def test_options_mean_the_same_before_and_after_the_command(monkeypatch, tmp_path):
    """`keyless --quiet scan` and `keyless scan --quiet`."""
    seen: list[App] = []
    doing(monkeypatch, seen.append)
    options = [
        "--json",
        "--quiet",
        "--no-color",
        "--stats",
        "-v",
        "--state",
        str(tmp_path),
        "--rehearsal",
        str(tmp_path),
    ]
    main.run([*options, "act"])
    main.run(["act", *options])
    for app in seen:
        assert (app.json, app.quiet, app.no_color, app.stats, app.verbose) == (True, True, True, True, 1)
        assert (app.state, app.rehearsal) == (tmp_path, tmp_path)
    assert len(seen) == 2


def test_output_that_nobody_reads_any_more_ends_quietly():
    """`keyless --help | head -0`: no traceback, no message."""
    run = subprocess.run(
        f"{sys.executable} -m keyless --help | true; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    assert run.stdout.strip() in {"0", "3"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_a_run_after_its_clean_ups(number):
    """R19: SIGTERM and SIGHUP in the middle of waiting: exit code 3, and what was begun is put away."""
    import asyncio

    ended = []

    async def waiting():
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(5)
        finally:
            ended.append(True)

    with pytest.raises(OperatorStopped, match=number.name):
        run_async(waiting())
    assert ended == [True]


def test_a_cancellation_that_no_signal_caused_is_not_called_a_stop():
    """Only a signal is the operator's doing."""
    import asyncio

    async def cancelled():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_async(cancelled())


def test_the_handlers_of_signals_are_put_back():
    """Whoever embeds us keeps their own."""

    async def nothing():
        return 7

    before = signal.getsignal(signal.SIGTERM)
    assert run_async(nothing()) == 7
    assert signal.getsignal(signal.SIGTERM) is before
