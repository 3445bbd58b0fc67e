"""Every case in cases/: what is found, what is said, and the change or the refusal."""

from __future__ import annotations

import pytest

from tests.workflows.case import FEWEST, Case, cases, outcome

ALL = cases()


def test_the_folder_of_cases_is_not_emptied():
    """A folder that lost its cases would pass every test in it."""
    assert len(ALL) >= FEWEST


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_case_is_read_and_changed_as_written(case: Case):
    """The case's own sentence says what it is for."""
    assert outcome(case) == case.expected


def test_every_case_says_in_a_sentence_what_it_is_for():
    """A case without a reason cannot be judged when it fails."""
    assert [case.name for case in ALL if not case.sentence.endswith(".") or len(case.sentence) < 15] == []


def test_every_finding_has_a_case():
    """A finding that no case shows could vanish unnoticed; the few that need odd bytes are tested beside."""
    from keyless.workflows.findings import CHECKS

    shown = {line.split()[2] for case in ALL for line in case.expected if line.startswith("finding ")}
    assert {identifier for identifier, _ in CHECKS} - shown == {"plain-text-token", "attestations-off"}


def test_every_tool_that_can_be_rewritten_has_a_changed_case():
    """Each recipe is tried on at least one file."""
    from keyless.workflows.recipes import RECIPES

    changed = {
        line.split()[1]
        for case in ALL
        if any(other.startswith("change ") for other in case.expected)
        for line in case.expected
        if line.startswith("upload ")
    }
    assert set(RECIPES) - changed == {"setuptools"}
