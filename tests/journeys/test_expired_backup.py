"""A backup after its end: refused with 14, opened only when somebody insists by typing the repository's name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyless.errors import KeylessError
from tests.staging import DAY, Scene


@pytest.fixture
def late(scene: Callable[..., Scene]) -> Scene:
    """A migrated world fifteen days later, with whole tokens in its backup so that they still work."""
    at = scene("shap-like", whole_token=True, confirm_rollback=True)
    at.migrate()
    at.answers = False  # a person could give a new token instead
    at.store.advance(15 * DAY)
    return at


def test_it_is_refused(late: Scene) -> None:
    error = late.error(late.rollback)
    assert error.exit_code == 14
    assert late.names() == set()
    assert late.backups()


def test_typing_the_repositorys_name_opens_it(late: Scene) -> None:
    late.error(late.rollback)
    late.told["open-expired"] = "shap-like/shap"
    late.rollback()
    assert late.names() == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def test_another_name_does_not(late: Scene) -> None:
    late.told["open-expired"] = "shap-like/other"
    with pytest.raises(KeylessError) as refused:
        late.rollback()
    assert refused.value.exit_code == 2
    assert late.names() == set()
