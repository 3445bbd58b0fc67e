"""Which program of a step could take a credential from its environment: one that is not known to be harmless."""

from __future__ import annotations

from collections.abc import Sequence

from keyless.workflows.shell import base_name, program
from keyless.workflows.walk import Visit

HARMLESS = frozenset(
    [
        "echo",
        "printf",
        "[",
        "[[",
        "test",
        "exit",
        "true",
        "false",
        "cd",
        "set",
        "export",
        "unset",
        "ls",
        "cat",
        "grep",
        "mkdir",
        "rm",
        "cp",
        "mv",
        "if",
        "fi",
        "pip",
        "pip3",
        "docker",
        "git",
        "npm",
        "yarn",
        "conda",
        "mamba",
        "apt",
        "apt-get",
        "sudo",
        "brew",
        "choco",
        "curl",
        "wget",
        "gh",
        "jq",
        "sed",
        "awk",
        "tee",
        "tar",
        "unzip",
        "sleep",
        "return",
        "for",
        "case",
        "pytest",
        "coverage",
        "codecov",
        "ruff",
        "mypy",
        "black",
        "flake8",
        "pwd",
        "chmod",
        "chown",
        "eval",
        "head",
        "tail",
        "sort",
        "which",
        "date",
        "touch",
        "find",
        "ln",
        "gpg",
        "ssh",
    ]
)
"""Programs that take no credential of an index from their environment."""
_KNOWN = frozenset(
    ["poetry", "uv", "hatch", "pdm", "flit", "twine", "maturin", "build", "cibuildwheel", "setup.py", "setuptools"]
)
_VERBS = frozenset(
    ["build", "install", "check", "lock", "sync", "version", "run", "init", "add", "config", "env", "venv", "test"]
)
"""Uploading tools, and their verbs that do not upload."""


def consumer_of(visit: Visit) -> str:
    """Return the first program of the step that could take a credential from its environment, "" for none."""
    for command in visit.view.commands:
        words = program(command)
        if words and not command.opened:
            name = base_name(words[0].text)
            if name not in HARMLESS and not only_builds(name, [w.text for w in words[1:]]):
                return " ".join(w.text for w in words[:3])
    return visit.wanted[0] if visit.wanted else ""


def only_builds(name: str, rest: Sequence[str]) -> bool:
    """Whether a known tool runs a verb that does not upload."""
    return name in _KNOWN and (not rest or bool(_VERBS & set(rest[:2])) or name in {"build", "cibuildwheel", "venv"})
