"""`backup extend` and `backup key …` from the command line, and a backup whose key lies in the system's keyring."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from keyring.errors import KeyringLocked

from keyless.journal import Journal
from keyless.model.realm import Realm
from keyless.vault import new_recipient
from tests.cli.test_backup_commands import PASSPHRASE, World
from tests.services.system.test_keyring import InMemory

OPEN = ("--passphrase-from", "env:PASSPHRASE", "--no-keyring")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A rehearsal that nobody serves: nothing here asks a service."""
    monkeypatch.setenv("PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NEW", "one more passphrase")
    folder = tmp_path / "rehearsal"
    made = World(folder)
    services = dict.fromkeys(("github", "pypi", "testpypi", "issuer", "control"), "http://127.0.0.1:9")
    people = {"operator": "mia", "people": {"mia": {"github_token": "ghp_" + "x" * 36}}}
    described = {"realm": "rehearsal", "format": 1, "services": services, "world": people, "ca_file": None}
    (folder / "rehearsal.json").write_text(json.dumps({**described, "trust_root": None}))
    return made


def opens(world: World, *how: str) -> bool:
    return world.run("backup", "show", world.id, "--open", *how) == 0


def test_extend_shows_the_new_end_and_says_it_to_programs(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = world.vault.header(world.id).lease.expires_at
    assert world.run("--json", "backup", "extend", world.id, "--days", "30", "--yes", *OPEN) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    result = next(event for event in events if event["event"] == "result")
    assert result["data"]["lease"]["expires_at"] > before.isoformat()
    assert world.vault.header(world.id).lease.expires_at > before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("backup", "extend", "{id}", "--yes"), 2, "--days"),
        (("backup", "extend", "{id}", "--days", "30"), 3, "Nobody said yes."),
        (("backup", "extend", "{id}", "--days", "0", "--yes"), 2, "from 1 to 365"),
        (("backup", "extend", "0123456789abcdef", "--days", "30", "--yes"), 14, "There is no backup"),
        (("backup", "key", "add", "{id}", "--yes"), 2, "--new-passphrase-from"),
        (("backup", "key", "remove", "{id}", "1", "--yes"), 2, "one must stay"),
    ],
)
def test_what_is_lacking_or_wrong_is_one_clear_error_and_touches_nothing(
    world: World, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, says: str
) -> None:
    before = world.vault.digest(world.id)
    assert world.run(*(word.format(id=world.id) for word in arguments), *OPEN) == code
    assert says in capsys.readouterr().err
    assert world.vault.digest(world.id) == before


def test_a_dry_run_changes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = world.vault.digest(world.id)
    assert world.run("backup", "extend", world.id, "--days", "30", "--dry-run", *OPEN) == 0
    assert world.run("backup", "key", "add", world.id, "--dry-run", *OPEN) == 0
    assert capsys.readouterr().out.count("this was a dry run") == 2
    assert world.vault.digest(world.id) == before
    public, _ = new_recipient()
    assert world.run("backup", "key", "add", world.id, "--yes", "--recipient", public, *OPEN) == 0
    before = world.vault.digest(world.id)
    assert world.run("backup", "key", "remove", world.id, "2", "--dry-run", *OPEN) == 0
    said = capsys.readouterr().out
    assert "would not open any more with key 2" in said
    assert "this was a dry run" in said
    assert world.vault.digest(world.id) == before


def test_keys_come_are_listed_and_go(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    public, _ = new_recipient()
    add = ("backup", "key", "add", world.id, "--yes")
    assert world.run(*add, "--recipient", public, *OPEN) == 0
    assert world.run(*add, "--new-passphrase-from", "env:NEW", *OPEN) == 0
    capsys.readouterr()
    assert world.run("--json", "backup", "key", "list", world.id) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row[0] for row in listed["rows"]] == ["1", "2", "3"]
    assert public in listed["rows"][1][1]
    assert world.run("backup", "key", "remove", world.id, "1", "--yes", *OPEN) == 0
    assert not opens(world, *OPEN)
    assert opens(world, "--passphrase-from", "env:NEW")


@pytest.mark.parametrize("kind", ["recipient", "passphrase", "keyring"])
def test_a_key_that_opens_it_already_is_not_added_again(
    world: World, ring: InMemory, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """S5. Nor is the passphrase that it was sealed with."""
    how = {
        "recipient": ("--recipient", new_recipient()[0]),
        "passphrase": ("--new-passphrase-from", "env:NEW"),
        "keyring": ("--to-keyring",),
    }
    add = ("backup", "key", "add", world.id, "--yes", *OPEN)
    assert world.run(*add, *how[kind]) == 0
    once = world.vault.digest(world.id)
    capsys.readouterr()
    assert world.run(*add, *how[kind]) == 0
    assert "already" in capsys.readouterr().out
    assert world.run(*add, "--new-passphrase-from", "env:PASSPHRASE") == 0
    assert world.vault.digest(world.id) == once
    assert len(ring.kept) == (kind == "keyring")


def test_the_keyring_opens_what_it_holds_a_key_of(world: World, ring: InMemory) -> None:
    """Without a passphrase, on this machine; and not once its entry is gone."""
    assert world.run("backup", "key", "add", world.id, "--to-keyring", "--yes", *OPEN) == 0
    assert len(ring.kept) == 1
    assert opens(world, "--keyring")
    assert world.run("backup", "extend", world.id, "--days", "3", "--yes", "--keyring") == 0
    ring.kept.clear()
    assert world.run("backup", "show", world.id, "--open", "--keyring") == 14
    assert opens(world, *OPEN)


def test_a_keyring_that_is_locked_touches_nothing(
    world: World, ring: InMemory, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.vault.digest(world.id)

    def locked(*_: str) -> None:
        raise KeyringLocked

    monkeypatch.setattr(ring, "set_password", locked)
    assert world.run("backup", "key", "add", world.id, "--to-keyring", "--yes", *OPEN) == 4
    assert "locked" in capsys.readouterr().err
    assert world.vault.digest(world.id) == before


def test_what_is_destroyed_leaves_no_key_in_the_keyring(world: World, ring: InMemory) -> None:
    """So an old copy of the file, on a disk that keeps old bytes, does not open with it."""
    world.run("backup", "key", "add", world.id, "--to-keyring", "--yes", *OPEN)
    assert world.run("backup", "shred", world.id, "--confirm-shred", world.id) == 0
    assert ring.kept == {}
    assert world.shredded()


def test_a_keyring_that_fails_when_a_backup_is_destroyed_is_said(
    world: World, ring: InMemory, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup is destroyed all the same."""
    world.run("backup", "key", "add", world.id, "--to-keyring", "--yes", *OPEN)

    def locked(*_: str) -> None:
        raise KeyringLocked

    monkeypatch.setattr(ring, "get_password", locked)
    assert world.run("backup", "shred", world.id, "--confirm-shred", world.id) == 0
    assert "still in it" in capsys.readouterr().out
    assert world.vault.list() == ()


def test_the_journal_keeps_no_key(world: World, ring: InMemory) -> None:
    """Only that there is one in the keyring."""
    world.run("backup", "key", "add", world.id, "--to-keyring", "--yes", *OPEN)
    with Journal.open(world.folder / "state", Realm.REHEARSAL) as journal:
        assert journal.answers(world.journey)["keyring"] is True
        text = "".join(journal.export(world.journey))
    assert not any(secret in text for secret in ring.kept.values())
