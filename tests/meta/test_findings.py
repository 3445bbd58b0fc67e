"""Every finding has its page, and the page tells the truth: its example shows the finding, and what it advises mends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyless.model.github import SourceFile
from keyless.workflows import analyse
from keyless.workflows.findings import RULES
from keyless.workflows.findings.base import Rule
from tests.workflows.tokens import token

FOLDER = Path(__file__).parents[2] / "docs" / "findings"
BY_NAME = {rule.identifier: rule for rule in RULES}
SECTIONS = ["What it is", "Why it matters", "Before", "After", "What to do"]
PLACEHOLDER = "pypi-THE-TOKEN-IN-PLAIN-TEXT"


def text_of(rule: Rule) -> str:
    return (FOLDER / Path(rule.page).name).read_text(encoding="utf-8")


def example(rule: Rule, heading: str) -> SourceFile:
    """The one workflow below a heading of the page."""
    section = text_of(rule).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return SourceFile(".github/workflows/release.yml", block.replace(PLACEHOLDER, token()).encode())


def found(rule: Rule, heading: str) -> list[str]:
    """The severities with which the page's example has this finding."""
    result = analyse([example(rule, heading)])
    assert result.problems == ()
    assert result.publish_steps
    return [f.severity for f in result.findings if f.identifier == rule.identifier]


def test_every_finding_has_a_page_and_every_page_a_finding():
    """A page that nothing leads to, or a link that leads nowhere, is a mistake."""
    assert len(RULES) >= 20
    assert {path.stem for path in FOLDER.glob("*.md")} == {*BY_NAME, "README"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.identifier)
def test_a_page_names_its_finding_and_its_severity_as_the_program_does(rule: Rule):
    """One sentence says what it is, here, in SARIF and in the list."""
    text = text_of(rule)
    assert text.startswith(f"# {rule.identifier}\n\n")
    assert rule.summary in " ".join(text.split())
    assert f"\nSeverity: **{' or '.join(rule.severities)}**\n" in text
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    row = f"| [{rule.identifier}]({rule.identifier}.md) | {' or '.join(rule.severities)} | {rule.summary} |\n"
    assert listed.count(row) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.identifier)
def test_the_example_has_the_finding_before_and_not_after(rule: Rule):
    """What the page advises is what ends the finding."""
    before = found(rule, "Before")
    assert before
    assert set(before) <= set(rule.severities)
    assert found(rule, "After") == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.identifier)
def test_what_a_page_advises_brings_no_error_or_warning_of_its_own(rule: Rule):
    """Nobody who follows a page meets the next one."""
    result = analyse([example(rule, "After")])
    assert [f.identifier for f in result.findings if f.severity != "note"] == []


def test_severities_are_the_three_that_there_are():
    """SARIF and GitHub's annotations know the same."""
    assert {severity for rule in RULES for severity in rule.severities} == {"error", "warning", "note"}
