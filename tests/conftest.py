"""A served rehearsal for each test that asks for one, fresh or already on the way."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.served import MIGRATE, Served


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Serve a world; whatever was started is stopped at the end."""
    running: list[Served] = []

    def start(world: str = "shap-like", copy_of: Path | None = None) -> Served:
        folder = tmp_path / f"rehearsal-{len(running)}"
        if copy_of is not None:
            shutil.copytree(copy_of, folder)
        running.append(Served(folder, world).start())
        return running[-1]

    yield start
    for served in running:
        served.stop()


@pytest.fixture(scope="session")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a rehearsal in which both releases are proven, and the backup's token is what is asked for next."""
    served = Served(tmp_path_factory.mktemp("proven") / "rehearsal", "shap-like").start()
    try:
        for _ in range(12):
            ran = served.run("migrate", served.repository, *MIGRATE)
            if ran.code == 2:
                assert "--token-from" in ran.error["hint"], ran.raw
                return served.folder
            assert served.act(ran), ran.raw
    finally:
        served.stop()
    raise AssertionError("the proofs were never there")
