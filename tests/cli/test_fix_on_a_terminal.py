"""keyless fix on a real terminal: it shows the change in colour and asks once before it writes."""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect
import pytest

from tests.cli.checkouts import TOKEN, WORKFLOW, checkout


def fix(place: Path, *flags: str) -> pexpect.spawn:
    environment = {
        "PATH": "/usr/bin:/bin",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONPATH": ":".join(sys.path),
        "HOME": str(place.parent),
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }
    command = ["-m", "keyless", "--state", str(place.parent / "state"), "fix", str(place), *flags]
    return pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8", timeout=30, dimensions=(60, 160))


@pytest.mark.parametrize(("answer", "code", "written"), [("n", 3, False), ("y", 0, True)])
def test_a_person_is_asked_once_and_no_leaves_everything(tmp_path: Path, answer: str, code: int, written: bool):
    """The diff stands above the question, in colour."""
    place = checkout(tmp_path / "here", {WORKFLOW: TOKEN})
    child = fix(place)
    child.expect("Shall this be written into")
    assert "\x1b[31m" in child.before
    assert "The token goes" in child.before
    child.expect("Yes or no")
    child.send(f"{answer}\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    assert ((place / WORKFLOW).read_text() != TOKEN) is written


def test_yes_is_not_asked_for_twice(tmp_path: Path):
    """`--yes` says it beforehand."""
    place = checkout(tmp_path / "here", {WORKFLOW: TOKEN})
    child = fix(place, "--yes")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "Shall this" not in child.before
    assert (place / WORKFLOW).read_text() != TOKEN
