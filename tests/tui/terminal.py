"""A real terminal with real keyless commands on it."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pexpect

PROGRAM = Path(__file__).with_name("program.py")
ENTER = "\r"
WAIT = 60


class Terminal:
    """A person's terminal. `begin` starts a command; then type, stop, and see how it `ended`."""

    def __init__(self, rows: int = 60, columns: int = 160) -> None:
        environment = {
            "PATH": "/usr/bin:/bin",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "HOME": "/nonexistent",
            "PYTHONPATH": ":".join([str(PROGRAM.parents[2]), *sys.path]),
            "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody here answers where the cursor is, and waiting for it takes a second
        }
        self.child = pexpect.spawn(
            sys.executable, [str(PROGRAM)], env=environment, encoding="utf-8", timeout=WAIT, dimensions=(rows, columns)
        )
        self.child.delaybeforesend = None
        self.child.expect("ready")
        self.process = 0

    def begin(self, *arguments: Any) -> None:
        """Start a command; no argument may hold a space."""
        self.child.sendline(" ".join(map(str, arguments)))
        self.child.expect("process ([0-9]+) begins")
        self.process = int(self.child.match.group(1))

    def see(self, *texts: str) -> str:
        """Wait for one of these texts (not patterns); return all that was shown before it. A command's end fails."""
        found = self.child.expect([r"exit ([-0-9]+) ends", *(re.escape(text) for text in texts)])
        shown = str(self.child.before)
        assert found, f"it ended with {self.child.match.group(1)} before {texts}:\n{shown}"
        return shown

    def type(self, text: str) -> None:
        self.child.send(text)

    def stop(self, how: str | signal.Signals) -> None:
        """Stop by a key, or by a signal to the process."""
        if isinstance(how, str):
            self.child.send(how)
        else:
            os.kill(self.process, how)

    def ended(self) -> tuple[int, str]:
        """Wait for the command's end; return its exit code and what it had still shown."""
        self.child.expect(r"exit ([-0-9]+) ends")
        return int(self.child.match.group(1)), str(self.child.before)

    def close(self) -> None:
        self.child.close(force=True)
