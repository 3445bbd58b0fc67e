"""`doctor --repair-journal` and what `status` says of a vault that the journal does not know."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from keyless.journal import Journal
from keyless.model.journey import JourneyState
from keyless.model.realm import Realm
from tests.cli.test_backup_changes import OPEN, world
from tests.cli.test_backup_commands import World

__all__ = ["world"]
REPAIR = ("doctor", "--repair-journal")


def journal_of(world: World) -> Path:
    return world.folder / "state" / "journal.sqlite3"


def test_status_names_backups_that_the_journal_does_not_know(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A journal that was deleted is not "nothing is open": it is said, with the command, and fails a scheduled job."""
    journal_of(world).unlink()
    assert world.run("status") == 0
    shown = capsys.readouterr().out
    assert world.id in shown
    assert "doctor --repair-journal" in shown
    assert "No migration was begun" not in shown
    assert world.run("status", "--strict") == 20
    assert world.id in capsys.readouterr().err


def test_a_damaged_journal_is_named_with_the_command_that_mends_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    journal_of(world).write_bytes(bytes(4096))
    assert world.run("status") == 20
    assert "doctor --repair-journal" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("--dry-run",), ()])
def test_without_a_yes_nothing_is_moved(
    world: World, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    journal_of(world).write_bytes(bytes(4096))
    assert world.run(*REPAIR, *arguments) == (0 if arguments else 3)
    assert "damaged" in capsys.readouterr().out
    assert journal_of(world).read_bytes() == bytes(4096)


def test_a_sound_one_is_left_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.run(*REPAIR, "--yes") == 0
    assert "nothing to repair" in capsys.readouterr().out


def test_what_could_not_be_told_again_is_exit_20_and_the_backup_stays(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """No service answers here: the damaged journal is kept aside, the backup is kept, and the same command goes on."""
    journal_of(world).write_bytes(b"nonsense")
    assert world.run("--json", *REPAIR, "--yes", *OPEN) == 20
    said = capsys.readouterr()
    error = json.loads(said.err)
    assert "rollback --from FILE" in error["hint"]
    table = next(e for e in map(json.loads, said.out.splitlines()) if e["event"] == "table")
    assert table["table"] == "rebuilt"
    assert table["rows"][0][:3] == ["shap/shap", world.id, "NOT RESTORED"]
    assert [aside.read_bytes() for aside in journal_of(world).parent.glob("journal.damaged-*")] == [b"nonsense"]
    assert world.vault.header(world.id).id == world.id
    with Journal.open(world.folder / "state", Realm.REHEARSAL) as journal:
        assert journal.journeys() == ()


def test_a_journal_of_reality_is_not_mended_in_a_rehearsal(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """S10: what is another realm's, or newer, is refused and not moved."""
    journal_of(world).unlink()
    Journal.open(world.folder / "state", Realm.REAL).close()
    assert world.run(*REPAIR, "--yes", *OPEN) == 2
    assert journal_of(world).exists()


@pytest.mark.parametrize("state", [JourneyState.ROLLED_BACK, JourneyState.ROLLING_BACK, JourneyState.WINDOW])
def test_a_backup_past_its_end_is_nagged_about_wherever_its_migration_stands(
    world: World, capsys: pytest.CaptureFixture[str], state: JourneyState
) -> None:
    """With the one command that ends it; and a scheduled job fails."""
    moment = world.vault.header(world.id).lease.expires_at
    with Journal.open(world.folder / "state", Realm.REHEARSAL) as journal:
        journal.set_state(world.journey, state, moment)
        journal.saw(moment + timedelta(days=2))
    ends = f"backup shred {world.id}" if state.ended else f"{END[state]} shap/shap"
    assert world.run("status", "--strict") == 20
    said = capsys.readouterr()
    assert world.id in said.out
    assert ends in said.out
    assert ends in said.err


END = {JourneyState.ROLLING_BACK: "rollback", JourneyState.WINDOW: "finish"}
