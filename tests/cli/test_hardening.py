"""What a crash leaves behind."""

from __future__ import annotations

import resource
import subprocess
import sys

from keyless.cli import hardening

CRASH = """
import resource, sys
from keyless.cli.main import run
run(["--version"])
print(resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_a_command_forbids_core_dumps_for_itself_and_what_it_starts():
    done = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "(1, 1)"


def test_where_the_system_does_not_allow_it_the_command_goes_on(monkeypatch):
    def refuse(*given: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    hardening.no_core_dumps()
