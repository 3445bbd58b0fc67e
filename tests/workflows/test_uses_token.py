"""uses_token: true, false, or could not tell."""

from __future__ import annotations

import pytest

from keyless.workflows import uses_token
from tests.workflows.case import cases

EXPECTED: dict[str, bool | None] = {
    "action-password": True,
    "already-trusted": False,
    "uv-automatic": False,
    "password-beside-trusted": True,
    "either-token": True,
    "twine-private-index": None,
    "comment-only": None,
    "check-only": None,
    "all-secrets": None,
    "duplicate-key": None,
    "script-missing": True,
    "composite": True,
    "trusted-without-permission": False,
    "computed-secret": True,
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_whether_a_workflow_hands_a_token_to_an_upload(name: str):
    """Three answers; what cannot be told is never 'no'."""
    case = next(case for case in cases() if case.name == name)
    assert uses_token(case.files, ".github/workflows/release.yml") is EXPECTED[name]


def test_a_workflow_that_is_not_there_cannot_be_told():
    """Not there is not 'no token'."""
    assert uses_token([], ".github/workflows/none.yml") is None


def test_a_caller_is_judged_with_the_workflow_that_it_calls():
    """The token is used in the called file."""
    case = next(case for case in cases() if case.name == "reusable")
    assert uses_token(case.files, ".github/workflows/main.yml") is True
