"""What the judgement of a step rests on."""

from __future__ import annotations

from collections.abc import Callable

from keyless.errors import NotProven, TryLater
from keyless.model.index import Index
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.rehearsal.index import state as index_state
from tests.staging import DAY, Scene


def test_a_repository_whose_number_cannot_be_read_proves_nothing(scene: Callable[..., Scene]) -> None:
    """S11: a name can be given to another repository; its number is compared, or nothing is judged."""
    play = scene("shap-like", stage="migrated")

    def unseen() -> None:
        where = play.repository
        set_fault(play.store, Fault(FaultKind.NOT_FOUND, "github", "GET", f"/repos/{where.owner}/{where.name}", -1))

    play.heard.at["See that shap-like on PyPI"] = unseen
    error = play.error(play.finish)
    assert isinstance(error, TryLater)
    assert "could not be read on GitHub" in error.what
    assert len(index_state.tokens(play.store, Index.PYPI)) > 0, "nothing was revoked"


def test_a_proof_that_a_later_release_contradicts_opens_nothing(scene: Callable[..., Scene]) -> None:
    """S2: proven on Monday, released by token on Wednesday: whoever goes on then keeps the secret until that is mended."""
    play = scene("shap-like", stage="proven")
    before = play.names()
    play.store.advance(2 * DAY)
    wheel = index_state.wheel("shap-like", "9.0", "by hand")
    index_state.publish_file(play.store, Index.PYPI, "shap-like", wheel, user=play.world.operator)
    error = play.error(play.migrate)
    assert isinstance(error, NotProven)
    assert "9.0" in error.what
    assert play.names() == before
    play.store.advance(60)
    play.release()
    play.migrate()
    assert play.names() == set()


def test_an_index_that_cannot_be_asked_again_opens_nothing(scene: Callable[..., Scene]) -> None:
    play = scene("shap-like", stage="proven")
    before = play.names()
    play.store.advance(2 * DAY)
    set_fault(play.store, Fault(FaultKind.UNAVAILABLE, "pypi", "GET", "*", -1))
    assert isinstance(play.error(play.migrate), TryLater)
    assert play.names() == before
