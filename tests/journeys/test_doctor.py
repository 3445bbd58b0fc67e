"""doctor: what is lacking is told apart from what cannot be reached at this time (S11)."""

from __future__ import annotations

from collections.abc import Callable

from keyless.journeys.doctor import examine
from keyless.rehearsal.faults import FOR_EVER, Fault, FaultKind, set_fault
from tests.staging import Scene


def states(play: Scene) -> dict[str, str]:
    found = play.work(lambda desk: examine(desk, play.repository))
    return {finding.what: finding.state for finding in found}


def test_on_a_good_day_nothing_is_lacking_and_nothing_is_out_of_reach(scene: Callable[..., Scene]) -> None:
    assert set(states(scene()).values()) <= {"good", "unknown"}


def test_an_index_that_is_down_is_unreachable_and_nothing_else_is(scene: Callable[..., Scene]) -> None:
    play = scene()
    set_fault(play.store, Fault(FaultKind.UNAVAILABLE, "testpypi", "*", times=FOR_EVER))
    found = states(play)
    assert found.pop("TestPyPI") == "unreachable"
    assert set(found.values()) <= {"good", "unknown"}


def test_a_github_that_is_down_is_unreachable_and_says_nothing_of_permissions(scene: Callable[..., Scene]) -> None:
    play = scene()
    set_fault(play.store, Fault(FaultKind.UNAVAILABLE, "github", "*", times=FOR_EVER))
    found = states(play)
    assert found["GitHub"] == "unreachable"
    assert "GitHub token" not in found


def test_a_token_that_github_does_not_take_is_lacking(scene: Callable[..., Scene]) -> None:
    play = scene()
    set_fault(play.store, Fault(FaultKind.NOT_AUTHENTICATED, "github", "*", times=FOR_EVER))
    assert states(play)["GitHub"] == "lacking"
