"""What the documentation lists is what there is."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

import keyless
from keyless.cli.listing import COMMANDS, Entry
from keyless.cli.main import run
from keyless.errors import KeylessError
from keyless.operators.document import questions_page
from keyless.operators.questions import QUESTIONS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def commands(
    entries: Mapping[str, Entry] = COMMANDS, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Entry]]:
    for name, entry in entries.items():
        if entry.commands is None:
            yield (*path, name), entry
        else:
            yield from commands(entry.commands, (*path, name))


def errors() -> set[type[KeylessError]]:
    """Every class of error that any module defines."""
    for module in pkgutil.walk_packages(keyless.__path__, "keyless."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: set[type[KeylessError]] = {KeylessError}
    for known in list(found):
        found |= set(known.__subclasses__())
    while more := {sub for known in found for sub in known.__subclasses__()} - found:
        found |= more
    return {error for error in found if error.__module__.startswith("keyless")}


def test_every_error_stands_under_its_exit_code():
    """Whoever meets a code finds what it means; whoever adds a class writes it down."""
    text = (DOCS / "exit-codes.md").read_text()
    rows = {
        int(code): set(re.findall(r"`(\w+)`", names))
        for code, names in re.findall(r"^\| (\d+) \| (.*`.*) \|$", text, re.MULTILINE)
    }
    found = errors()
    assert len(found) >= 15
    assert {error.__name__ for error in found if error.__name__ not in rows.get(error.exit_code, set())} == set()
    explained = {int(code) for code in re.findall(r"^\| (\d+) \| [a-z]", text, re.MULTILINE)}
    assert {error.exit_code for error in found} | {0} <= explained


def test_every_errors_page_is_there():
    """A message that sends somebody to a page sends them to one that exists."""
    assert {error.page for error in errors() if not (DOCS / error.page).is_file()} == set()


def test_the_page_of_questions_is_up_to_date():
    """`python -m keyless.operators.document > docs/questions.md` writes it."""
    assert (DOCS / "questions.md").read_text() == questions_page()


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: row.identifier)
def test_every_question_has_its_section(row):
    """R20: with flag and key."""
    section = (DOCS / "questions.md").read_text().partition(f"## {row.identifier}\n")[2].partition("\n## ")[0]
    assert f"`{row.flag}" in section
    assert not row.phases or f"`{row.key}`" in section
    assert row.why in section


@pytest.mark.parametrize(("path", "entry"), [pytest.param(*pair, id=" ".join(pair[0])) for pair in commands()])
def test_every_command_is_there_and_helps(path: tuple[str, ...], entry: Entry, capsys):
    """The listing that `--help` shows without importing anything tells the truth."""
    found = importlib.import_module(entry.module).command
    assert isinstance(found, click.Command)
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: keyless {' '.join(path)} ")
    assert found.help
    assert "keyless --help" in shown


def test_no_command_takes_an_option_that_holds_a_secret():
    """A token or passphrase on a command line is seen by every process of the machine."""
    for path, entry in commands():
        for option in importlib.import_module(entry.module).command.params:
            assert not {"--token", "--password", "--passphrase", "--identity"} & set(option.opts), path


def test_the_readme_lists_the_commands_that_there_are():
    """Once the README has its list."""
    text = (ROOT / "README.md").read_text()
    if "## Commands" not in text:
        pytest.skip("the README has no list of commands yet")
    section = text.partition("## Commands")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(?:keyless )?(\w+)", section)) >= set(COMMANDS)
