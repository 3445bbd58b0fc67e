"""On a real terminal: prompts, Ctrl-C, Ctrl-D, SIGTERM, SIGHUP, and the terminal as it was afterwards."""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from keyless.operators.questions import QUESTIONS

PROGRAM = Path(__file__).with_name("app_for_terminals.py")
ASKED = [row.identifier for row in QUESTIONS if row.asked]
WAYS = ["\x03", "\x04", signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
EVERY_PAIR = [(identifier, how) for identifier in [*ASKED, "pause"] for how in WAYS]
# Each prompt in one way and each way at several prompts; KEYLESS_LONG=1 runs all of them, for the scoreboard's row R19.
PAIRS = EVERY_PAIR if os.environ.get("KEYLESS_LONG") else EVERY_PAIR[:: len(WAYS) + 1] + EVERY_PAIR[3 :: len(WAYS) + 1]
ENTER = "\r"


def begin(*arguments: str) -> pexpect.spawn:
    environment = {
        "PATH": "/usr/bin:/bin",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONPATH": ":".join(sys.path),
        "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody here answers where the cursor is, and waiting for it takes a second
    }
    return pexpect.spawn(
        sys.executable, [str(PROGRAM), *arguments], env=environment, encoding="utf-8", timeout=20, dimensions=(50, 160)
    )


def end(child: pexpect.spawn) -> tuple[str, int | None]:
    """Return all that is still shown, and the exit code (None when a signal killed it)."""
    shown = child.read()
    child.close()
    return shown, child.exitstatus


def test_a_person_answers_and_the_wrong_answer_is_explained():
    """Why it is asked stands above; what is wrong stands below; the right answer goes on."""
    child = begin("ask", "window")
    child.expect("Why: Long enough to see your next releases")
    child.expect("Type it:")
    child.send("\x15soon" + ENTER)
    child.expect("It has to be a whole number from 1 to 365")
    child.send("\x1530" + ENTER)
    child.expect("answer: 30")
    assert end(child)[1] == 0


def test_a_hidden_answer_is_not_echoed():
    """R14: neither by the prompt nor by the terminal."""
    token = "pypi-AgEIcHlwaS5vcmcC" + "Ab3" * 62
    child = begin("ask", "token")
    child.expect("hidden")
    child.send(token + ENTER)
    child.expect("answer: secret")
    shown = child.before + end(child)[0]
    assert not any(token[start : start + 8] in shown for start in range(21, len(token) - 8))


def test_a_choice_is_made_with_the_arrows():
    """And consent is a letter and Enter."""
    child = begin("ask", "grade", "confirm-plan")
    child.expect("attested: every file's signature is verified")
    child.expect("Choose")
    child.send("\x1b[B" + ENTER)
    child.expect("answer: declared")
    child.expect("Yes or no")
    child.send("y" + ENTER)
    child.expect("answer: True")
    assert end(child)[1] == 0


@pytest.fixture(scope="module")
def terminal() -> Iterator[pexpect.spawn]:
    """A terminal at which one command after the other is run, each in its own process."""
    child = begin("serve")
    child.delaybeforesend = None
    child.expect("ready")
    yield child
    child.close(force=True)


@pytest.mark.parametrize(("identifier", "how"), PAIRS, ids=repr)
def test_every_prompt_can_be_stopped_in_every_way(terminal, identifier: str, how: str | signal.Signals):
    """R19: exit code 3, the command to go on with, and a terminal that echoes lines again."""
    terminal.sendline(f"--no-color ask {identifier}")
    terminal.expect("process ([0-9]+) begins")
    process = int(terminal.match.group(1))
    terminal.expect(["hidden\\):", "Type it", "Type one", "Choose", "Tick", "Yes or no", "come back later\\."])
    if isinstance(how, str):
        terminal.send(how)
    else:
        os.kill(process, how)
    terminal.expect("keyless: Stopped")
    terminal.expect(f"Go on with: keyless --no-color ask {identifier}")
    terminal.expect("exit ([-0-9]+) ends")
    assert terminal.match.group(1) == "3"
    flags = termios.tcgetattr(terminal.child_fd)[3]
    assert flags & termios.ECHO
    assert flags & termios.ICANON


def test_a_rehearsal_is_written_on_the_screen(tmp_path):
    """On the first line, and at the prompt."""
    child = begin("--rehearsal", str(tmp_path), "ask", "grade")
    child.expect("REHEARSAL.*nothing real is read or changed")
    child.expect("REHEARSAL \\?")
    child.send(ENTER)
    assert end(child)[1] == 0


def test_json_asks_nobody_even_on_a_terminal():
    """A program that wants JSON has no hands."""
    child = begin("--json", "ask", "backup")
    shown, code = end(child)
    assert code == 2
    assert "--backup" in shown
