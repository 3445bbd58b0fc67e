"""In each world: a release with the token and one without, each judged rightly through the real HTTP paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from keyless.journeys.desk import Desk
from keyless.journeys.verify import Verified, verify
from keyless.model.index import Index
from keyless.model.plan import ProveRelease
from keyless.model.proof import Grade, Verdict
from keyless.model.publisher import Publisher
from keyless.proofs import gate
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.world_file import shipped
from keyless.render.evidence import in_a_sentence
from keyless.services.github import GitHubService
from keyless.services.indexes import IndexService
from keyless.services.sigstore import SigstoreVerifier
from keyless.services.system import SystemClock
from tests.staging import Scene


def look(play: Scene, project: str, index: Index, expected: Publisher) -> Verified:
    return play.work(lambda desk: verify(desk, index, project, None, expected))


def opens(found: Verified, bar: Grade = Grade.INFERRED) -> bool:
    return gate([found.judgement], [(found.expectation.index, found.expectation.project)], bar) == ()


def sentence(found: Verified) -> str:
    return in_a_sentence(found.judgement, found.evidence, found.expectation.publisher)


@pytest.mark.parametrize("world", shipped())
def test_each_worlds_right_release_is_proven_and_its_wrong_ones_are_not(
    scene: Callable[..., Scene], world: str
) -> None:
    play = scene(world)
    before = {
        (index, row["name"]): index_state.files(play.store, index, row["name"])
        for index in Index
        for row in index_state.projects(play.store, index)
    }
    play.migrate()
    proven = [step for step in play.plan().steps if isinstance(step, ProveRelease)]
    assert proven
    for step in proven:
        found = look(play, step.project, step.index, step.publisher)
        assert found.judgement.grade is step.bar, "one world's tool makes no attestations, and its operator knows"
        assert found.judgement.verdict is Verdict.PROVEN
        assert opens(found, step.bar)
        assert "without a token" in sentence(found)
        _older(play, step, before.get((step.index, step.project), []))
        if step is proven[-1]:
            _other_publishers(play, step)
            _by_hand(play, step)


def _older(play: Scene, step: ProveRelease, files: list[dict]) -> None:
    """The release of before was made with the token, by the same repository."""
    for version in sorted({row["version"] for row in files})[-1:]:
        found = play.work(lambda desk, v=version: verify(desk, step.index, step.project, v, step.publisher))
        assert found.judgement.grade is Grade.NONE
        assert not opens(found)


def _other_publishers(play: Scene, step: ProveRelease) -> None:
    """The right release for somebody else's expectation."""
    publisher = step.publisher
    for other in (
        Publisher("evil", publisher.repository, publisher.workflow, publisher.environment),
        Publisher(publisher.owner, publisher.repository.swapcase(), publisher.workflow, publisher.environment),
        Publisher(publisher.owner, publisher.repository, "other.yml", publisher.environment),
        Publisher(publisher.owner, publisher.repository, publisher.workflow, "other"),
    ):
        if step.bar is Grade.INFERRED and other.environment == "other":
            continue  # only an attestation tells of the environment
        found = look(play, step.project, step.index, other)
        assert found.judgement.verdict is not Verdict.PROVEN
        assert not opens(found)
        assert "published without a token:" not in sentence(found)


def _by_hand(play: Scene, step: ProveRelease) -> None:
    """Somebody uploads the next release with a token from a desk."""
    play.store.advance(60)
    wheel = index_state.wheel(step.project, "99.0", "by hand")
    index_state.publish_file(play.store, step.index, step.project, wheel, user=play.world.operator)
    found = look(play, step.project, step.index, step.publisher)
    assert found.judgement.version == "99.0"
    assert found.judgement.verdict is not Verdict.PROVEN
    assert not opens(found)


@pytest.mark.parametrize("days", [10, -10], ids=["behind", "ahead"])
def test_a_machine_whose_clock_is_wrong_is_corrected_by_the_services_before_anything_is_judged(
    scene: Callable[..., Scene], days: int
) -> None:
    """PyPI and GitHub both state the time: what was signed yesterday is not "in the future" for a clock that is late."""
    play = scene("shap-like", stage="proven")
    step = next(one for one in play.plan().steps if isinstance(one, ProveRelease) and one.index is Index.PYPI)
    late = SystemClock(local=lambda: play.store.now() - timedelta(days=days))

    async def go(desk: Desk) -> Verified:
        addresses, transport = desk.addresses, play.services.transport()
        token = play.world.person(play.world.operator).github_token
        async with (
            IndexService(Index.PYPI, addresses, late, transport) as pypi,
            GitHubService(addresses, token, late, transport) as github,
        ):
            wrong = replace(
                desk,
                clock=late,
                github=github,
                indexes={Index.PYPI: pypi},
                verifiers={Index.PYPI: SigstoreVerifier(addresses.trust_root, Index.PYPI, late.now)},
            )
            return await verify(wrong, Index.PYPI, step.project, None, step.publisher)

    assert play.work(go).judgement.verdict is Verdict.PROVEN


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [(FaultKind.UNAVAILABLE, Verdict.CANNOT_TELL), (FaultKind.NOT_AUTHENTICATED, Verdict.NOT_PROVEN)],
)
def test_a_github_that_is_down_is_not_a_github_that_was_not_asked(
    scene: Callable[..., Scene], kind: FaultKind, verdict: Verdict
) -> None:
    """S11: nothing is signed, so only GitHub could tell; that it is down is no evidence against the release."""
    play = scene("shap-like", stage="proven")
    step = next(one for one in play.plan().steps if isinstance(one, ProveRelease) and one.index is Index.PYPI)
    index_state.publish_file(
        play.store, Index.PYPI, step.project, index_state.wheel(step.project, "99.0"), user=play.world.operator
    )
    set_fault(play.store, Fault(kind, "github", "*", "*", -1))
    judgement = look(play, step.project, Index.PYPI, step.publisher).judgement
    assert judgement.verdict is verdict
    if verdict is Verdict.CANNOT_TELL:
        assert any("gave no usable answer" in reason.message for reason in judgement.reasons)
