"""What the judgement of a step rests on."""

from __future__ import annotations

from collections.abc import Callable

from keyless.errors import TryLater
from keyless.model.index import Index
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.rehearsal.index import state as index_state
from tests.staging import Scene


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
