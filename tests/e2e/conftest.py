"""A served rehearsal for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.served import Served


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], Served]]:
    """Serve a world; whatever was started is stopped at the end."""
    running: list[Served] = []

    def start(world: str = "shap-like") -> Served:
        served = Served(tmp_path / f"rehearsal-{len(running)}", world).start()
        running.append(served)
        return served

    yield start
    for served in running:
        served.stop()
