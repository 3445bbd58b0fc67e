"""Corners of the command line: streams that end, signals between two awaits, folders that are not there, other terminals."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keyless.cli import compose, main
from keyless.cli.app import App
from keyless.cli.handing import write_new
from keyless.cli.lazy import LazyGroup
from keyless.cli.listing import COMMANDS
from keyless.cli.target import Target, find_target, parse_repository
from keyless.errors import KeylessError, NotAllowed, UsageError
from keyless.model.github import Repository
from keyless.rehearsal.connection import FILE, STORE_FILE
from tests.cli.checkouts import TOKEN, WORKFLOW, checkout
from tests.cli.test_main import doing
from tests.cli.tokens import token


@pytest.fixture
def signals() -> Iterator[None]:
    """Put back the handlers that a run sets."""
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers[:2]:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_nothing_is_awaited_stops_the_run_too(
    signals: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    doing(monkeypatch, lambda app: os.kill(os.getpid(), number))
    assert main.run(["act"]) == 3
    assert "Go on with: keyless act" in capsys.readouterr().err


LATE = """
import functools, os, sys
late = type("Late", (), {"__del__": functools.partial(os.kill, os.getpid(), int(sys.argv[1]))})()
sys.argv = ["keyless", *sys.argv[2:]]
from keyless.__main__ import main
main()
"""
"""The signal comes when the interpreter takes its modules down, and Python's own handlers are gone."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["nonsense"], 2)])
def test_a_signal_after_all_was_said_does_not_change_the_exit_code(
    number: int, arguments: list[str], code: int
) -> None:
    """There is nothing left to stop, and whoever reads the code would take what is done for cut short."""
    done = subprocess.run(
        [sys.executable, "-c", LATE, str(int(number)), *arguments], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == code


def test_whoever_embeds_us_keeps_their_own_handler(signals: None, capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    assert main.run(["--version"]) == 0
    os.kill(os.getpid(), signal.SIGTERM)
    assert heard == [signal.SIGTERM]


def test_output_that_nobody_reads_any_more_is_no_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`keyless backup list | head -0`: exit 3, no word, and nothing more is written into the pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)

        def talk(app: App) -> None:
            out.write("something")
            out.flush()

        doing(monkeypatch, talk)
        assert main.run(["act"]) == 3
        out.write("and more")
    assert capsys.readouterr().err == ""


def test_output_into_something_that_is_no_stream_of_bytes_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert main.run(["--version"]) == 0
    assert out.getvalue().startswith("keyless ")


def test_a_group_knows_its_commands_in_the_tables_order_and_no_other() -> None:
    group = LazyGroup("keyless", COMMANDS, first=True)
    context = group.make_context("keyless", ["scan"])
    assert group.list_commands(context) == list(COMMANDS)
    assert group.get_command(context, "nope") is None


def test_a_secret_is_not_written_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeylessError):
        write_new(tmp_path / "none" / "secret", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "name", "a/b/c", "-a/b", "a b/c", "https://github.com/a/b"])
def test_what_is_no_repository_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no repository"):
        parse_repository(text)


def test_a_target_is_a_repository_or_the_checkout_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = checkout(tmp_path / "here", {WORKFLOW: TOKEN})
    assert find_target("octo/Sample") == Target(Repository("octo", "Sample"), None)
    assert find_target(str(place)) == Target(Repository("octo", "Sample"), place)
    monkeypatch.chdir(place)
    assert find_target(None) == find_target(".") == Target(Repository("octo", "Sample"), place)
    strange = checkout(tmp_path / "there", {WORKFLOW: TOKEN}, remote=None)
    with pytest.raises(UsageError, match="no remote on GitHub"):
        find_target(str(strange))


def test_githubs_token_is_this_machines_own_in_reality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not needed, there may be none: GitHub then refuses it, if it is asked at all."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.setenv("GH_TOKEN", "ghp_" + "a" * 36)
    assert len(compose.github_token(App(), needed=True)) == 40
    monkeypatch.delenv("GH_TOKEN")
    assert not compose.github_token(App(), needed=False)
    with pytest.raises(NotAllowed):
        compose.github_token(App(), needed=True)


def test_a_fix_that_is_not_confirmed_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from keyless.operators.script import ScriptOperator

    place = checkout(tmp_path / "here", {WORKFLOW: TOKEN})
    answers = {"confirm-fix": {"": False}}
    monkeypatch.setattr(App, "operator", lambda app: ScriptOperator(answers, app.read_secret))
    assert main.run(["--state", str(tmp_path / "state"), "fix", str(place)]) == 3
    assert (place / WORKFLOW).read_text() == TOKEN


def test_a_fix_that_somebody_took_back_by_hand_has_nothing_to_undo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = checkout(tmp_path / "here", {WORKFLOW: TOKEN})
    state = ["--state", str(tmp_path / "state")]
    assert main.run([*state, "fix", str(place)]) == 0
    (place / WORKFLOW).write_text(TOKEN)
    capsys.readouterr()
    assert main.run([*state, "fix", "--undo", "--diff", str(place)]) == 0
    assert "holds already what it held" in capsys.readouterr().out


def test_a_card_without_an_index_is_shown_and_not_judged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", token("pypi.org"))
    assert main.run(["token", "inspect", "--token-from", "env:TOKEN"]) == 0
    assert "pypi" in capsys.readouterr().out.lower()
    assert main.run(["token", "inspect", "--token-from", "env:TOKEN", "--index", "pypi"]) == 0


def served(folder: Path, *options: str, when: Callable[[], None]) -> int:
    """Serve in this process, do `when` once the services answer, and return the exit code."""

    def watch() -> None:
        for _ in range(600):
            if (folder / FILE).exists():
                break
            time.sleep(0.05)
        when()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        return main.run(["rehearse", "--serve", "--keep", str(folder), *options])
    finally:
        thread.join()


def test_the_services_run_until_they_are_told_to_stop_and_say_where_they_are(
    signals: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "served"
    assert served(folder, when=lambda: os.kill(os.getpid(), signal.SIGTERM)) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads((folder / FILE).read_text())
    assert said["folder"] == str(folder)


def test_tied_services_end_with_whoever_started_them(
    signals: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"still here\n")
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert served(tmp_path / "served", "--tied", when=lambda: os.close(writing)) == 0
    assert json.loads(capsys.readouterr().out)["realm"] == "rehearsal"


@pytest.mark.parametrize(
    "arguments",
    [["--serve", "--auto"], ["--port", "4000"], ["--tied"]],
)
def test_options_of_a_rehearsal_that_do_not_go_together_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main.run(["rehearse", "--keep", str(tmp_path / "x"), *arguments]) == 2
    assert not (tmp_path / "x").exists()


def test_a_rehearsal_inside_a_rehearsal_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--rehearsal", str(tmp_path), "rehearse"]) == 2
    assert "Leave --rehearsal out" in capsys.readouterr().err


def test_without_a_terminal_a_rehearsal_plays_by_itself_to_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["rehearse", "--keep", str(tmp_path / "kept")]) == 0
    assert (tmp_path / "kept" / STORE_FILE).exists()
    assert "receipt" in capsys.readouterr().out.lower()


def test_a_person_plays_against_services_of_their_own_and_the_folder_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle: the command that goes on names the folder, and goes on with its world."""
    from keyless.rehearsal import guided

    seen: list[tuple[str, str]] = []

    async def guide(folder: Path, reporter: object, wizard: object, open_desk: Callable) -> None:
        async with open_desk(wizard) as desk:
            seen.append((desk.addresses.realm.value, (await desk.github.viewer()).login))
            assert desk.state == folder / "state"
        raise KeyboardInterrupt

    monkeypatch.setattr(guided, "guide", guide)
    monkeypatch.setattr(App, "last", lambda app: type("Person", (), {"interactive": True})())
    folder = tmp_path / "kept"
    going_on = ["rehearse", "--keep", str(folder)]
    for arguments in ([*going_on, "--world", "two-people"], going_on):
        assert main.run(arguments) == 3
        assert f"Go on with: keyless rehearse --keep {folder}" in capsys.readouterr().err
    assert seen == [("rehearsal", seen[0][1])] * 2
