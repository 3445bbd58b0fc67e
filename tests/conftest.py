"""Rehearsals for tests: served by a process of their own, or in this one. GitHub's simulation is held against its description."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.served import MIGRATE, Served

if TYPE_CHECKING:  # heavy, and many tests need none of it
    from tests.services.system.test_keyring import InMemory
    from tests.staging import Scene


@pytest.fixture(autouse=True)
def as_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request to the simulated GitHub of a rehearsal in this process, and its answer, is as GitHub describes it."""
    from keyless.rehearsal import services
    from tests.contract.checked import CheckedApp

    plain = services.github_app
    monkeypatch.setattr(services, "github_app", lambda store: CheckedApp(plain(store), strict=True))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Open a world in this process; all are closed at the end."""
    from tests.staging import Scene

    opened: list[Scene] = []

    def start(world: str = "shap-like", stage: str = "", **told: object) -> Scene:
        opened.append(Scene.of(world, tmp_path / f"world-{len(opened)}", stage=stage))
        opened[-1].told.update({name.replace("_", "-"): value for name, value in told.items()})
        return opened[-1]

    yield start
    for one in opened:
        one.close()


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


@pytest.fixture
def ring() -> Iterator[InMemory]:
    """The system's keyring is one in memory."""
    import keyring

    from tests.services.system.test_keyring import InMemory

    before = keyring.get_keyring()
    backend = InMemory()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)
