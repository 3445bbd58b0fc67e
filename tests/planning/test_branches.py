"""Names of the branches on which changes are proposed: the same change is found again, and no other is taken for it."""

from __future__ import annotations

import re

import pytest

from keyless.model.workflow import FileChange
from keyless.planning.branches import branch_name

CHANGE = FileChange(".github/workflows/release.yml", b"old", b"new")


def test_a_later_keyless_finds_the_pull_request_of_an_earlier_one() -> None:
    """The name is fixed for ever: another one would propose the same change twice."""
    assert branch_name("trusted-publishing", [CHANGE], "c0ffee") == "keyless/trusted-publishing-8530bbd2"


def test_the_name_is_one_that_git_and_a_shell_take_as_it_is() -> None:
    assert re.fullmatch(r"keyless/rollback-[0-9a-f]{8}", branch_name("rollback", [CHANGE], "2026-03-01T12:00:00+00:00"))


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ([CHANGE], "another commit"),
        ([FileChange(CHANGE.path, b"old", b"newer")], "c0ffee"),
        ([FileChange(CHANGE.path, b"older", b"new")], "c0ffee"),
        ([FileChange(CHANGE.path, b"oldn", b"ew")], "c0ffee"),
        ([FileChange(CHANGE.path[:-1], b"lold", b"new")], "c0ffee"),
        ([CHANGE, CHANGE], "c0ffee"),
        ([], "c0ffee"),
    ],
)
def test_any_other_change_or_time_has_another_name(changes: list[FileChange], since: str) -> None:
    assert branch_name("x", changes, since) != branch_name("x", [CHANGE], "c0ffee")
