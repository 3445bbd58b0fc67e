"""One terminal and one served rehearsal for all prompts; each test gets a copy of the state that it starts from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.served import Served
from tests.staging import Killed, Scene
from tests.tui.terminal import Terminal

WORLD = Path(__file__).with_name("world.yml")


def killed() -> None:
    raise Killed


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    one = Terminal()
    yield one
    one.close()


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a served rehearsal. Its state: `proven` is about to seal, `kept` and `declined` are in their window."""
    play = Scene.of(str(WORLD), tmp_path_factory.mktemp("tui") / "rehearsal")
    try:
        _ask, proven, kept, declined = play.world.migrate
        play.migrate(kept)
        play.migrate(declined)
        play.heard.at["Back up"] = killed
        with pytest.raises(Killed):
            play.migrate(proven)
    finally:
        play.close()
    token = next(token for token in play.world.tokens if token.name == "proven")
    assert token.text is not None
    (play.folder / "token").write_text(token.text.reveal())
    (play.folder / "token").chmod(0o600)
    served = Served(play.folder, str(WORLD)).start()
    yield play.folder
    served.stop()


@pytest.fixture
def state(rehearsal: Path, tmp_path: Path) -> Path:
    """A copy of the state, for one test."""
    return Path(shutil.copytree(rehearsal / "state", tmp_path / "state"))


@pytest.fixture
def keyless(terminal: Terminal, rehearsal: Path, state: Path) -> Callable[..., None]:
    """Begin a command on this rehearsal."""
    return lambda *arguments: terminal.begin("--no-color", "--rehearsal", rehearsal, "--state", state, *arguments)
