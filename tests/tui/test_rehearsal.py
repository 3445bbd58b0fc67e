"""A new user plays `keyless rehearse` on a terminal: migrate, roll back, finish; by hand in the browser, and by one key."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.request
from pathlib import Path

import pytest

from tests.tui.terminal import ENTER, Terminal

DOWN = "\x1b[B"
HELP = "d"
WAITS = "Enter: done, look again"


@pytest.fixture
def terminal():
    one = Terminal(rows=24, columns=80)
    yield one
    one.close()


def choose(terminal: Terminal, prompt: str, down: int = 0) -> None:
    terminal.see(prompt)
    terminal.see("Enter)")
    terminal.type(DOWN * down + ENTER)


def answer(terminal: Terminal) -> None:
    """The interview about nadia/tinyplot, and consent."""
    choose(terminal, "proven on TestPyPI first?", down=1)
    terminal.see("Type it")
    terminal.type("it never went there" + ENTER)
    for prompt in ("Which secrets shall go", "What shall be kept", "How sure is it", "How shall the change"):
        choose(terminal, prompt)
    choose(terminal, "What is enough of a proof")
    terminal.see("Type it")
    terminal.type(ENTER)
    shown = terminal.see("Shall this be done?")
    assert "The plan for nadia/tinyplot" in shown
    terminal.type("y" + ENTER)


def wait(terminal: Terminal) -> str:
    """Come to the next wait; return what is awaited."""
    terminal.see("waiting")
    return terminal.see(WAITS)


def passphrase(terminal: Terminal, *prompts: str) -> None:
    for prompt in prompts:
        terminal.see(f"{prompt} (hidden)")
        terminal.type("let me in" + ENTER)


def link(shown: str) -> str:
    """The one address in what was shown, which the terminal may have broken at its edge."""
    found = re.findall(r"http://127\.0\.0\.1:\d+/\S+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown))
    assert len(set(found)) == 1, shown
    return str(found[0])


def press_the_button(url: str) -> None:
    """What a browser does when the one button of a page is pressed."""
    with urllib.request.urlopen(url) as page:
        assert b"<button" in page.read()
    with urllib.request.urlopen(urllib.request.Request(url, b"", {"Origin": url[: url.index("/", 8)]})) as page:
        assert b"<button" not in page.read()


def served_by(folder: Path) -> int:
    return int(json.loads((folder / "rehearsal.json").read_text())["pid"])


def gone(process: int) -> bool:
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def migrate(terminal: Terminal) -> None:
    answer(terminal)
    wait(terminal)
    terminal.type(HELP)  # the publisher
    shown = wait(terminal)
    press_the_button(link(shown))  # the pull request, by hand
    terminal.type(ENTER)
    wait(terminal)
    terminal.type(HELP)  # the release
    terminal.see("Enter: paste it yourself")
    terminal.type(HELP)
    passphrase(terminal, "A passphrase for the backup", "The same again")
    terminal.see("rollback is possible until")


def test_a_new_user_plays_it_all(terminal, tmp_path):
    """Migrate, stop in the middle of a rollback, go on, migrate again, finish; all checks hold and nothing runs on."""
    folder = tmp_path / "rehearsal"
    terminal.begin("rehearse", "--world", "two-libraries", "--keep", folder)
    shown = terminal.see("What next?")
    assert f"cat {folder}/people/nadia.txt" in shown
    assert "practice makes perfect" in (folder / "people" / "nadia.txt").read_text()
    choose(terminal, "Choose", down=1)
    migrate(terminal)

    choose(terminal, "What next?", down=2)  # after the two of nadia/shap and tinyplot's: see the order of offers
    terminal.see("Yes or no")
    terminal.type("y" + ENTER)
    passphrase(terminal, "The passphrase of the backup")
    wait(terminal)
    server = served_by(folder)
    terminal.type("\x03")
    code, shown = terminal.ended()
    assert code == 3
    assert f"Go on with: keyless rehearse --keep {folder}" in shown
    assert gone(server)

    terminal.begin("rehearse", "--keep", folder)
    choose(terminal, "What next?", down=1)
    terminal.see("Yes or no")
    terminal.type("y" + ENTER)
    wait(terminal)
    terminal.type(HELP)
    terminal.see("rolled-back")
    choose(terminal, "What next?", down=1)
    migrate(terminal)
    choose(terminal, "What next?", down=1)
    terminal.see("Yes or no")
    terminal.type("y" + ENTER)
    wait(terminal)
    terminal.type(HELP)
    shown = terminal.see("What next?")
    assert "What became of the tokens" in shown
    assert "True" not in shown
    receipts = list((folder / "state" / "receipts").glob("*.json"))
    assert [json.loads(path.read_text())["tokens"][0]["end"] for path in receipts] == ["proven gone"]
    server = served_by(folder)
    choose(terminal, "Choose", down=1)
    code, shown = terminal.ended()
    assert code == 0, shown
    assert "DID NOT HOLD" not in shown
    assert "its backup is shredded" in shown
    assert gone(server)
