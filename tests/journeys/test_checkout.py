"""Delivery into a checkout: the files in the folder change and go back, whether they were pushed or not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from keyless.journeys.rollback import rollback_from
from tests.staging import Scene

FILE = ".github/workflows/release.yml"


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[[Scene], Path]:
    def clone(play: Scene) -> Path:
        folder = tmp_path / "checkout"
        (folder / FILE).parent.mkdir(parents=True)
        (folder / FILE).write_bytes(play.read_file(FILE))
        return folder

    return clone


def test_there_and_back_through_a_checkout(scene: Callable[..., Scene], checkout: Callable[[Scene], Path]) -> None:
    play = scene(delivery="local")
    before, folder = play.snapshot(), checkout(play)
    bytes_before = (folder / FILE).read_bytes()
    play.migrate(folder=folder)
    assert (folder / FILE).read_bytes() == play.read_file(FILE) != bytes_before
    play.rollback()
    assert play.snapshot() == before
    assert (folder / FILE).read_bytes() == bytes_before


def test_s4_files_that_were_written_and_never_pushed_go_back_too(
    scene: Callable[..., Scene], checkout: Callable[[Scene], Path]
) -> None:
    play = scene(delivery="local")
    folder = checkout(play)
    before = (folder / FILE).read_bytes()
    play.acts = False
    error = play.error(lambda: play.migrate(folder=folder))
    assert error.exit_code == 75
    assert (folder / FILE).read_bytes() != before
    play.rollback()
    assert (folder / FILE).read_bytes() == before


def test_a_checkout_with_changes_of_its_own_is_left_alone(
    scene: Callable[..., Scene], checkout: Callable[[Scene], Path]
) -> None:
    play = scene(delivery="local")
    folder = checkout(play)
    (folder / FILE).write_bytes(b"# mine\n")
    error = play.error(lambda: play.migrate(folder=folder))
    assert error.exit_code == 12
    assert str(folder) in error.what
    assert (folder / FILE).read_bytes() == b"# mine\n"


def test_a_dry_run_from_a_file_alone_begins_no_journey(scene: Callable[..., Scene], tmp_path: Path) -> None:
    play = scene(stage="migrated")
    (path,) = play.backups()
    away = tmp_path / path.name
    away.write_bytes(path.read_bytes())
    shutil.rmtree(play.state)
    play.work(lambda desk: rollback_from(desk, away, dry_run=True))
    with play.journal() as journal:
        assert journal.journeys() == ()
    assert play.names() == set()
    assert "Put PYPI_API_TOKEN back" in play.heard.text()


def test_dry_runs_of_the_way_back_and_of_the_end_change_no_file(scene: Callable[..., Scene]) -> None:
    play = scene(stage="migrated")

    def kept() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in play.state.rglob("*") if path.is_file()}

    before, world = kept(), play.snapshot()
    play.rollback(dry_run=True)
    play.finish(dry_run=True)
    assert {name: data for name, data in kept().items() if not name.endswith(".lock")} == {
        name: data for name, data in before.items() if not name.endswith(".lock")
    }
    assert play.snapshot() == world
