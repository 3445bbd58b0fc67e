"""What the global options decide: realm, addresses, folders, who shows and who answers."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyless import __version__
from keyless.cli.app import App
from keyless.cli.main import run
from keyless.errors import UsageError
from keyless.model.index import Index
from keyless.model.realm import REAL, Realm
from keyless.model.token import Life, Probe
from keyless.operators.layered import LayeredOperator
from keyless.operators.questions import question
from keyless.operators.script import ANY, ScriptOperator
from keyless.operators.wizard import WizardOperator
from keyless.rehearsal.connection import STORE_FILE
from keyless.render.jsonlines import JsonReporter
from keyless.render.plain import LineReporter
from keyless.secret import Secret
from tests.cli.tokens import token


def with_terminal(monkeypatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)


def test_without_a_rehearsal_everything_is_real(monkeypatch, tmp_path):
    """Only the option makes it a rehearsal; the environment moves at most the folder of the state."""
    for name in ("KEYLESS_REHEARSAL", "KEYLESS_PYPI", "PYPI_URL", "TWINE_REPOSITORY_URL", "GITHUB_API_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("KEYLESS_HOME", str(tmp_path))
    app = App()
    assert app.realm is Realm.REAL
    assert app.addresses() is REAL
    assert app.state_folder() == tmp_path / "real"


def test_a_rehearsal_keeps_its_state_in_itself(tmp_path):
    """Two rehearsals do not meet, and none meets reality."""
    (tmp_path / STORE_FILE).touch()
    app = App(rehearsal=tmp_path)
    assert app.realm is Realm.REHEARSAL
    assert app.state_folder() == tmp_path / "state"
    with pytest.raises(UsageError, match="no served rehearsal"):
        app.addresses()


def test_a_state_folder_is_taken_as_given_and_made_absolute(monkeypatch, tmp_path):
    """Whatever the working folder becomes later."""
    monkeypatch.chdir(tmp_path)
    assert App(state=Path("here")).state_folder() == tmp_path / "here"


def test_who_shows_things(monkeypatch):
    """JSON if asked for, colours on a terminal, plain text otherwise."""
    assert isinstance(App(json=True).reporter(), JsonReporter)
    assert isinstance(App().reporter(), LineReporter)
    plain = type(vars(App().reporter())["_paper"]).__name__
    with_terminal(monkeypatch)
    terminal = type(vars(App().reporter())["_paper"]).__name__
    assert (plain, terminal) == ("PlainPaper", "TerminalPaper")


def test_who_answers(monkeypatch):
    """A person only where there is a terminal, and never with --json."""
    assert isinstance(App().last(), ScriptOperator)
    with_terminal(monkeypatch)
    assert isinstance(App().last(), WizardOperator)
    assert isinstance(App(json=True).last(), ScriptOperator)
    assert isinstance(App().operator(), LayeredOperator)


def test_flags_come_before_playbooks(monkeypatch):
    """What is said on the command line is said last and counts first."""
    import asyncio

    app = App(given={"window": {ANY: 3}})
    operator = app.operator([{"window": {ANY: 7}, "delivery": {ANY: "local"}}])
    assert asyncio.run(operator.answer(question("window"), {})) == 3
    assert asyncio.run(operator.answer(question("delivery"), {})) == "local"
    assert asyncio.run(operator.answer(question("grade"), {})) == "attested"


class Probed:
    """An index that knows what to say and remembers what it was asked."""

    asked: list[tuple[Index, Secret]]
    life = Life.ALIVE
    requests = 1

    def __init__(self, index, addresses, clock) -> None:
        self.index = index

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_) -> None:
        pass

    async def probe(self, given: Secret) -> Probe:
        self.asked.append((self.index, given))
        return Probe(self.life, datetime.now(UTC), "because")


@pytest.mark.parametrize(("location", "index"), [("pypi.org", Index.PYPI), ("test.pypi.org", Index.TESTPYPI)])
@pytest.mark.parametrize(("life", "code"), [(Life.ALIVE, 0), (Life.GONE, 0), (Life.UNKNOWN, 75)])
def test_a_probe_asks_the_tokens_own_index(monkeypatch, capsys, location, index, life, code):
    """S7; and 'could not tell' is an answer of its own."""
    text = token(location)
    monkeypatch.setenv("TOKEN", text)
    monkeypatch.setattr("keyless.services.indexes.IndexService", Probed)
    Probed.asked, Probed.life = [], life
    assert run(["token", "probe", "--token-from", "env:TOKEN", "--stats"]) == code
    assert Probed.asked == [(index, Secret(text))]
    shown = capsys.readouterr()
    assert text[30:50] not in shown.out + shown.err


def test_it_runs_as_a_module():
    """`python -m keyless`."""
    run = subprocess.run([sys.executable, "-m", "keyless", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout == f"keyless {__version__}\n"
