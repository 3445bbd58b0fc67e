"""What the pages point to exists: tests, files, headings, commands, and the lines that a stranger types."""

from __future__ import annotations

import ast
import importlib
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from keyless.cli.listing import COMMANDS, Entry
from keyless.cli.shared import global_options

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
INVARIANTS = tuple(f"S{number}" for number in range(1, 12))


def named_tests() -> Iterator[tuple[str, str, str]]:
    """(page, path, function or "") for each test that a page names."""
    for page in PAGES:
        for path, function in TEST.findall(page.read_text(encoding="utf-8")):
            yield page.name, path, function


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if hasattr(node, "name")}


def command(words: list[str]) -> tuple[list[str], click.Command | None]:
    """The command that these words begin with, and what is left of them; None where a group stands alone."""
    entries, entry = COMMANDS, Entry("")
    while words and words[0] in entries:
        entry, words = entries[words[0]], words[1:]
        if entry.commands is None:
            return words, importlib.import_module(entry.module).command
        entries = entry.commands
    return words, None


def commands_in(text: str) -> Iterator[str]:
    """What stands after `keyless` in code, whole."""
    code = re.findall(r"^```[a-z]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    code += [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    for block in code:
        for line in re.sub(r"\\?\n(?=\s*--)", " ", block).splitlines():
            found = re.search(r"(?:^|[/\s])keyless ([^#&]+)", line)
            if found:
                yield found.group(1).strip()


def test_every_test_that_a_page_names_exists():
    """A claim without its test is noticed when the test goes."""
    named = list(named_tests())
    assert len(named) >= 60
    assert {(page, path) for page, path, _ in named if not (ROOT / path).is_file()} == set()
    lacking = [f"{page}: {path}::{name}" for page, path, name in named if name and name not in functions(ROOT / path)]
    assert lacking == []


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_every_invariant_has_its_tests(invariant: str):
    """S1 to S11, each with at least two tests that exist."""
    text = (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8")
    assert f"| {invariant} | **" in text
    section = text.partition(f"**{invariant}**\n")[2].partition("\n**S")[0]
    assert len(TEST.findall(section)) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_repository_leads_somewhere(page: Path):
    """Files only: what is elsewhere is not asked."""
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_reached_from_the_readme():
    """Nobody finds a page that nothing leads to."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = LINK.findall(page.read_text(encoding="utf-8"))
        waiting += [(page.parent / target).resolve() for target in targets if target.endswith(".md")]
    assert set(PAGES) - seen == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_exists_with_its_flags(page: Path):
    """What is copied from a page works as far as its words go."""
    everywhere = {name for option in global_options() for name in option.opts} | {"--help", "--version", "-h"}
    for line in commands_in(page.read_text(encoding="utf-8")):
        words = [word for word in re.split(r"[\s|]+", line) if word]
        while words and words[0] in everywhere:
            words = words[2:] if words[0] in {"--rehearsal", "--state"} else words[1:]
        if not words:
            continue
        rest, found = command(words)
        assert rest != words, f"there is no 'keyless {line}'"
        flags = {word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"}
        known = {name for option in found.params for name in (*option.opts, *option.secondary_opts)} if found else set()
        assert flags <= known | everywhere, f"keyless {line}"


@pytest.mark.parametrize("heading", ["Try it", "Test it"])
def test_the_readme_has_its_two_lines(heading: str):
    """One line sets up all it needs: `.ci/run` runs it as it stands."""
    read = runpy.run_path(str(ROOT / ".ci" / "readme_lines.py"))["one_line"]
    line = read((ROOT / "README.md").read_text(encoding="utf-8"), heading)
    assert line.startswith("python3 -m venv .venv && ")


def test_the_picture_is_small_and_says_that_it_is_a_rehearsal():
    """It is made by docs/picture.py from a run."""
    picture = ROOT / "docs" / "rehearsal.svg"
    assert picture.stat().st_size < 150_000
    assert "[REHEARSAL]" in picture.read_text(encoding="utf-8")
