from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rehearsal.runner.bench import Bench
from tests.rehearsal.runner.bench import bench as fresh


@pytest.fixture
def bench() -> Iterator[Bench]:
    with fresh() as made:
        yield made
