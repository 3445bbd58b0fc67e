from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.github import worlds


@pytest.fixture
def world() -> Iterator[worlds.World]:
    with worlds.world() as made:
        yield made
