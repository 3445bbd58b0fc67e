"""Every case that keyless rewrites is released on the simulated services, before and after: trusted, and as much as before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyless.model.github import SourceFile
from keyless.workflows import rewrite
from tests.rehearsal.runner.bench import Bench
from tests.rehearsal.runner.bench import bench as fresh
from tests.workflows.case import Case, cases
from tests.workflows.rehearsed import Play

CHANGED = [case for case in cases() if any(line.startswith("change ") for line in case.expected)]

BROKEN_BEFORE = {
    "permission-at-wrong-level",
    "trusted-without-permission",
    "poetry-other-repositorys-token",
    "powershell",
}
"""Cases whose releases fail as they are: for want of a permission, with a wrong address, or since this runner speaks no
PowerShell. keyless mends them."""


@pytest.fixture
def bench() -> Iterator[Bench]:
    with fresh() as made:
        yield made


def rewritten(case: Case) -> tuple[SourceFile, ...]:
    after = {change.path: change.after for change in rewrite(case.files, case.environments).changes}
    return tuple(SourceFile(file.path, after.get(file.path, file.content)) for file in case.files)


def test_there_are_cases_to_release():
    """An emptied folder, or a rewrite that declines everything, fails here."""
    assert len(CHANGED) >= 50


@pytest.mark.parametrize("case", CHANGED, ids=lambda case: case.name)
def test_a_rewritten_case_releases_trusted_what_it_released_with_a_token(
    case: Case, bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    """The same files arrive as before, on the same indexes, and none of them with a token."""
    play = Play(bench, case.files, monkeypatch)
    play.hand_out_tokens()
    before = play.release(case.files)
    files = rewritten(case)
    play.register_publishers(files)
    after = play.release(files)
    assert after.trusted, after.said
    assert bool(before.files) is (case.name not in BROKEN_BEFORE), before.said
    if before.files:
        assert after.kinds == before.kinds
