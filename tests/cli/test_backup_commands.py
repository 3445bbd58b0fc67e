"""`backup …`: what lies in the vault, out of it, into another, and away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keyless.cli.main import run
from keyless.journal import Journal
from keyless.model.backup import BackupContents, BackupSubject, KeptSecret, Lease
from keyless.model.github import Repository, SecretEntry, Store, StoreKind
from keyless.model.index import Index
from keyless.model.journey import BackupRecord
from keyless.model.realm import Realm
from keyless.secret import Secret
from keyless.vault import PassphraseKey, RecipientKey, Vault
from tests.cli.tokens import IDENTIFIER, token

NOW = datetime.now(UTC)
REPOSITORY = Repository("shap", "shap")
PASSPHRASE = "correct horse battery staple"


def contents(journey: str) -> BackupContents:
    entry = SecretEntry(Store(StoreKind.REPOSITORY, "shap", "shap"), "PYPI_TOKEN", NOW, NOW)
    kept = KeptSecret(entry, Secret(token()), True, "believed", Index.PYPI, IDENTIFIER)
    subject = BackupSubject("rehearsal", REPOSITORY, journey, ("shap",), ("PYPI_TOKEN",))
    return BackupContents(subject, (kept,), None, "0.1.0")


class World:
    """A rehearsal's folder with one backup, as a migration leaves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vault = Vault(folder / "state" / "backups", Realm.REHEARSAL)
        with Journal.open(folder / "state", Realm.REHEARSAL) as journal:
            self.journey = journal.begin(REPOSITORY, NOW).id
            lease = Lease(NOW, NOW + timedelta(days=14))
            self.id = self.vault.seal(contents(self.journey), lease, [PassphraseKey(Secret(PASSPHRASE))]).id
            record = BackupRecord(
                self.id, self.journey, str(self.vault.path(self.id)), self.vault.digest(self.id), lease.expires_at, None
            )
            journal.add_backup(record)

    def run(self, *arguments: str) -> int:
        return run(["--rehearsal", str(self.folder), *arguments])

    def shredded(self) -> bool:
        with Journal.open(self.folder / "state", Realm.REHEARSAL) as journal:
            return all(record.shredded_at is not None for record in journal.backups(self.journey))


@pytest.fixture
def world(tmp_path, monkeypatch) -> World:
    monkeypatch.setenv("PASSPHRASE", PASSPHRASE)
    return World(tmp_path / "rehearsal")


def test_backups_are_listed_with_what_they_are_for_and_until_when(world, capsys):
    """And the screen says that it is a rehearsal."""
    assert world.run("backup", "list") == 0
    shown = capsys.readouterr().out
    assert "REHEARSAL" in shown
    for text in (world.id, "shap/shap", "PYPI_TOKEN", "usable"):
        assert text in shown


@pytest.mark.parametrize(("seen", "says"), [(13, "usable"), (15, "EXPIRED")])
def test_the_list_judges_by_the_latest_time_that_was_seen(world, capsys, seen, says):
    """A local clock that was set back makes nothing usable again; opening is refused by the same time."""
    with Journal.open(world.folder / "state", Realm.REHEARSAL) as journal:
        journal.saw(NOW + timedelta(days=seen))
    assert world.run("backup", "list") == 0
    assert says in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["damaged", "gone"])
def test_a_journal_that_cannot_be_read_hides_no_backup(world, capsys, damage):
    """The list is what somebody looks at then. Nothing is made in its place."""
    journal = world.folder / "state" / "journal.sqlite3"
    journal.unlink() if damage == "gone" else journal.write_bytes(bytes(4096))
    assert world.run("backup", "list") == 0
    said = capsys.readouterr()
    assert world.id in said.out
    assert ("by the local clock alone" in said.out) is (damage == "damaged")
    assert journal.exists() is (damage == "damaged")


def test_a_damaged_backup_is_named_in_the_list(world, capsys):
    """S11: a file that cannot be read is not a file that is not there."""
    path = world.vault.path(world.id)
    path.write_bytes(path.read_bytes()[:-10])
    assert world.run("backup", "list") == 0
    assert path.name in capsys.readouterr().out


def test_the_list_is_a_result_for_programs(world, capsys):
    """One object with all of them."""
    assert world.run("--json", "backup", "list") == 0
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = next(body["data"] for body in results if body["event"] == "result")
    assert [header["id"] for header in found["backups"]] == [world.id]


def test_a_backup_shows_what_its_header_claims(world, capsys):
    """By its id or by its path, without a key."""
    for where in (world.id, str(world.vault.path(world.id))):
        assert world.run("backup", "show", where) == 0
        shown = capsys.readouterr().out
        assert "as its header claims" in shown
        assert "shap/shap" in shown


def test_opening_shows_what_is_kept_and_never_a_token(world, capsys):
    """S8: opened, it is no claim any more."""
    assert world.run("backup", "show", world.id, "--open", "--passphrase-from", "env:PASSPHRASE") == 0
    shown = capsys.readouterr().out
    assert "a narrowed copy" in shown
    assert IDENTIFIER in shown
    assert "pypi-" not in shown


def test_a_wrong_passphrase_is_exit_14(world, capsys, monkeypatch):
    """And nothing is lost by it."""
    monkeypatch.setenv("PASSPHRASE", "wrong")
    assert world.run("backup", "show", world.id, "--open", "--passphrase-from", "env:PASSPHRASE") == 14
    assert world.vault.header(world.id).id == world.id


def test_a_backup_travels_to_another_machine(world, capsys, tmp_path):
    """Exported, it serves alone; the way to use it is said; importing twice is importing once."""
    exported = tmp_path / "out.backup"
    assert world.run("backup", "export", world.id, str(exported)) == 0
    assert f" rollback --from {exported}" in capsys.readouterr().out
    (tmp_path / "other" / "state").mkdir(parents=True, mode=0o700)
    other = ["--rehearsal", str(tmp_path / "other"), "backup"]
    for _ in range(2):
        assert run([*other, "import", str(exported)]) == 0
    assert run([*other, "list"]) == 0
    assert world.id in capsys.readouterr().out


def test_a_backup_of_a_rehearsal_is_refused_in_reality(world, capsys, tmp_path):
    """The two realms are never mixed."""
    exported = tmp_path / "out.backup"
    world.run("backup", "export", world.id, str(exported))
    assert run(["--state", str(tmp_path / "real"), "backup", "import", str(exported)]) == 14


@pytest.mark.parametrize("typed", [(), ("--confirm-shred", "yes"), ("--confirm-shred", "0123456789abcdef")])
def test_a_backup_is_destroyed_only_when_its_id_was_typed(world, typed):
    """S9: the only backup is never destroyed unless the operator says so in so many words."""
    assert world.run("backup", "shred", world.id, *typed) == 2
    assert world.vault.header(world.id).id == world.id
    assert not world.shredded()


def test_a_shredded_backup_is_gone_and_the_journal_knows(world, capsys):
    """S5: destroying it again is fine."""
    for _ in range(2):
        assert world.run("backup", "shred", world.id, "--confirm-shred", world.id) == 0
    assert world.vault.list() == ()
    assert world.shredded()
    shown = capsys.readouterr().out
    assert "Its keys are destroyed." in shown
    assert "There is no such backup" in shown
    assert "journals" in shown


def test_what_is_no_backup_is_exit_14(world):
    """A word that is neither an id nor a file."""
    assert world.run("backup", "show", "0123456789abcdef") == 14


def test_a_key_pair_seals_and_opens(world, capsys, tmp_path, monkeypatch):
    """The private part goes into a private file; the public one is shown."""
    private = tmp_path / "identity"
    assert world.run("--json", "backup", "recipient", "new", "--private-to", str(private)) == 0
    public = json.loads(capsys.readouterr().out)["rows"][0][0]
    assert private.stat().st_mode & 0o777 == 0o600
    lease = Lease(NOW, NOW + timedelta(days=14))
    sealed = world.vault.seal(contents(world.journey), lease, [RecipientKey(public)]).id
    assert world.run("backup", "show", sealed, "--open", "--identity-from", f"file:{private}") == 0
    assert world.run("backup", "recipient", "new", "--private-to", str(private)) == 2
