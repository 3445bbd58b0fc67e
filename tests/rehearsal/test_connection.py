"""A client reads where a served rehearsal answers, and believes only this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keyless.errors import NotAllowed, UsageError
from keyless.model.index import Index
from keyless.model.realm import Realm
from keyless.rehearsal.connection import FILE, load_rehearsal

NAMES = ("github", "pypi", "testpypi", "issuer", "control")


@pytest.fixture
def written(tmp_path):
    def write(**changes):
        said = {
            "format": 1,
            "realm": "rehearsal",
            "folder": str(tmp_path),
            "services": {name: f"http://127.0.0.1:{9001 + number}" for number, name in enumerate(NAMES)},
            "ca_file": None,
            "trust_root": str(tmp_path / "trusted_root.json"),
            "world": {"people": {}},
        }
        (tmp_path / FILE).write_text(json.dumps(said | changes))
        return tmp_path

    return write


def test_every_address_is_read(written):
    folder = written(ca_file="/tmp/ca.pem")
    connection = load_rehearsal(folder)
    addresses = connection.addresses
    assert addresses.realm is Realm.REHEARSAL
    assert addresses.github_api == addresses.github_web == "http://127.0.0.1:9001"
    assert addresses.index(Index.PYPI).upload == "http://127.0.0.1:9002/legacy/"
    assert addresses.index(Index.TESTPYPI).site == "http://127.0.0.1:9003"
    assert (connection.issuer, connection.control) == ("http://127.0.0.1:9004", "http://127.0.0.1:9005")
    assert (addresses.ca_file, addresses.trust_root) == (Path("/tmp/ca.pem"), folder / "trusted_root.json")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://api.github.com",
        "https://pypi.org",
        "http://10.0.0.1:80",
        "http://localhost.example.org",
        "http://localhost:80",
        "http://127.0.0.1@evil.example",
        "http://user@127.0.0.1:80",
        "http://127.0.0.1:80/path",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "",
        7,
    ],
)
def test_an_address_elsewhere_is_refused(written, elsewhere):
    """The file must not be a way to send a token to another host; a name could resolve to anything, so none is taken."""
    services = dict.fromkeys(NAMES, "http://127.0.0.1:9001") | {"testpypi": elsewhere}
    with pytest.raises(UsageError, match="does not describe"):
        load_rehearsal(written(services=services))


@pytest.mark.parametrize(
    "changes",
    [{"realm": "real"}, {"format": 2}, {"services": []}, {"services": {}}, {"world": None}],
    ids=["another realm", "another version", "services of another kind", "no services", "no world"],
)
def test_a_file_that_is_something_else_is_refused(written, changes):
    with pytest.raises(UsageError, match="does not describe"):
        load_rehearsal(written(**changes))


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "{not json"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(UsageError, match="rehearsal"):
        load_rehearsal(tmp_path)


def test_where_nothing_was_served_the_command_that_serves_is_named(tmp_path):
    with pytest.raises(UsageError) as refused:
        load_rehearsal(tmp_path)
    assert f"keyless rehearse --serve --keep {tmp_path}" in refused.value.hint


def test_the_operators_github_token_is_at_hand_and_stays_hidden(written):
    token = "ghp_d8179c8f654e58c0702de3d94f8edfd3b1b2"
    folder = written(world={"operator": "nadia", "people": {"nadia": {"github_token": token}}})
    found = load_rehearsal(folder).github_token()
    assert found.reveal() == token
    assert token not in repr(found)


@pytest.mark.parametrize(
    "world",
    [
        {},
        {"operator": "nadia"},
        {"operator": "nadia", "people": {}},
        {"operator": "n", "people": {"n": {"github_token": None}}},
    ],
)
def test_a_world_without_a_github_token_says_so(written, world):
    with pytest.raises(NotAllowed, match="GitHub token"):
        load_rehearsal(written(world=world)).github_token()


def test_reading_it_imports_nothing_heavy():
    loaded = "import sys; import keyless.rehearsal.connection; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert not {"httpx", "pydantic", "cryptography", "starlette", "uvicorn", "asyncio", "sqlite3"} & set(modules)
