"""A real process is killed while it changes a backup or mends a journal; then the plain command again ends it well."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keyless.errors import BackupRefused
from keyless.journal import Journal, mending
from keyless.journeys.settling import unknown_backups
from keyless.model.journey import JourneyState
from keyless.model.realm import Realm
from keyless.secret import Secret
from keyless.vault import IdentityUnlock, PassphraseUnlock, Unlock, Vault, new_recipient
from tests.cli.test_backup_changes import OPEN, world
from tests.cli.test_backup_commands import NOW, PASSPHRASE, World
from tests.e2e.served import Served
from tests.e2e.test_playbooks import secrets_of
from tests.staging import on_the_way

__all__ = ["world"]
INSTANTS = [("before", "intend"), ("after", "intend"), ("after", "write"), ("before", "outcome"), ("after", "outcome")]
SOME = ("after", "write")
"""The instant that the default run tries; the others are `long`."""


def killed(folder: Path, place: str, call: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", "tests.crash.at_call", place, call, "--rehearsal", str(folder), *arguments]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == -9, (done.returncode, done.stdout, done.stderr)


def instants(among: list[tuple[str, str]]) -> list[object]:
    return [pytest.param(*one, id=" ".join(one), marks=() if one == SOME else pytest.mark.long) for one in among]


def opens(world: World, unlock: Unlock) -> bool:
    try:
        world.vault.open(world.id, unlock, now=NOW)
    except BackupRefused:
        return False
    return True


def in_step(world: World) -> bool:
    """Whether the journal knows the backup as it lies there."""
    with Journal.open(world.folder / "state", Realm.REHEARSAL) as journal:
        (known,) = journal.backups(world.journey)
        header = world.vault.header(world.id)
        return (known.sha256, known.expires_at) == (world.vault.digest(world.id), header.lease.expires_at)


PHRASE = PassphraseUnlock(Secret(PASSPHRASE))


@pytest.mark.parametrize(("place", "call"), instants(INSTANTS))
def test_killed_while_a_backup_gets_another_end_the_same_command_ends_well(world: World, place: str, call: str) -> None:
    """At every instant it opens, with one end or the other; afterwards the window ends with it."""
    with Journal.open(world.folder / "state", Realm.REHEARSAL) as journal:
        journal.set_state(world.journey, JourneyState.WINDOW, NOW, world.vault.header(world.id).lease.expires_at)
    before = world.vault.header(world.id).lease.expires_at
    extend = ("backup", "extend", world.id, "--days", "30", "--yes", *OPEN)
    killed(world.folder, place, call, *extend)
    assert opens(world, PHRASE)
    assert world.run("status") == 0
    assert in_step(world), "any command that reads the journal brings both together"
    assert world.run(*extend) == 0
    assert in_step(world)
    with Journal.open(world.folder / "state", Realm.REHEARSAL) as journal:
        journey = journal.journey(world.journey)
    assert journey is not None
    assert journey.window_until == world.vault.header(world.id).lease.expires_at > before


@pytest.mark.parametrize(("place", "call"), instants(INSTANTS))
@pytest.mark.parametrize("kind", ["recipient", pytest.param("passphrase", marks=pytest.mark.long)])
def test_killed_while_a_key_is_added_the_same_command_ends_well_and_adds_one(
    world: World, place: str, call: str, kind: str
) -> None:
    public, private = new_recipient()
    new: Unlock = IdentityUnlock(private)
    flags: tuple[str, ...] = ("--recipient", public)
    if kind == "passphrase":
        new, flags = PassphraseUnlock(Secret(os.environ["NEW"])), ("--new-passphrase-from", "env:NEW")
    add = ("backup", "key", "add", world.id, "--yes", *flags, *OPEN)
    killed(world.folder, place, call, *add)
    assert opens(world, PHRASE)
    assert world.run(*add) == 0
    assert in_step(world)
    assert opens(world, PHRASE)
    assert opens(world, new)
    assert len(world.vault.header(world.id).slots) == 2


@pytest.mark.parametrize(("place", "call"), instants(INSTANTS))
def test_killed_while_a_key_is_removed_it_still_opens_and_the_last_key_stays(
    world: World, place: str, call: str
) -> None:
    """Which key is gone, `key list` says; the same number again never takes the last one."""
    public, private = new_recipient()
    assert world.run("backup", "key", "add", world.id, "--yes", "--recipient", public, *OPEN) == 0
    remove = ("backup", "key", "remove", world.id, "2", "--yes", *OPEN)
    killed(world.folder, place, call, *remove)
    assert opens(world, PHRASE)
    gone = not opens(world, IdentityUnlock(private))
    assert world.run(*remove) == (2 if gone else 0)
    assert world.run("status") == 0
    assert in_step(world)
    assert opens(world, PHRASE)
    assert not opens(world, IdentityUnlock(private))


MENDING = [
    ("before", "move aside"),
    ("after", "move aside"),
    ("before", "take over"),
    ("before", "adopt"),
    ("after", "adopt"),
]


@pytest.fixture(scope="module")
def migrated() -> Path:
    return on_the_way("shap-like", "migrated")


@pytest.mark.parametrize(("place", "call"), instants(MENDING))
def test_killed_while_a_journal_is_mended_the_same_command_ends_well_and_the_way_back_works(
    serve: Callable[..., Served], migrated: Path, place: str, call: str
) -> None:
    """The damaged file is there at every instant; nothing is taken for "nothing was begun"."""
    served = serve(copy_of=migrated)
    state = served.folder / "state"
    damaged = bytes(4096)
    (state / "journal.sqlite3").write_bytes(damaged)
    opening = ("--yes", "--passphrase-from=env:KEYLESS_PASSPHRASE")
    repair = ("doctor", "--repair-journal", *opening)
    killed(served.folder, place, call, *repair, environment=served.environment())
    assert damaged in [one.read_bytes() for one in state.glob("journal*") if one.is_file()]
    assert served.run(*repair).code == 0
    assert mending.problem(state, Realm.REHEARSAL) is None
    with Journal.open(state, Realm.REHEARSAL) as journal:
        assert unknown_backups(journal, Vault(state / "backups", Realm.REHEARSAL).ids()) == ()
        assert [one.state for one in journal.journeys()] == [JourneyState.WINDOW]
    assert secrets_of(served) == set()
    served.until_done("rollback", served.repository, *opening)
    assert secrets_of(served) == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}
