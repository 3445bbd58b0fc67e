"""A journal that is damaged or lost: never taken for "nothing was begun", and told anew by backups and services."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from keyless.errors import Locked
from keyless.journal import Journal, JournalDamaged, check_export, mending
from keyless.journeys.receipt import make_receipt
from keyless.journeys.repair import Fate, repair
from keyless.journeys.settling import unknown_backups
from keyless.journeys.status import standings
from keyless.model.journey import JourneyState
from keyless.model.plan import CheckProof, Phase, RevokeToken, ShredBackup
from keyless.model.proof import Grade
from keyless.model.realm import Realm
from keyless.rehearsal.clock import RehearsalClock
from keyless.secret import Secret
from keyless.vault import Vault
from tests.staging import DAY, Killed, Scene

NAMES = {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2 + 7]


def zeros(data: bytes) -> bytes:
    return bytes(len(data))


def half_zeros(data: bytes) -> bytes:
    return data[:4096] + bytes(len(data) - 4096)


def flipped(data: bytes) -> bytes:
    """A byte inside a row's text: SQLite itself finds nothing wrong with it."""
    place = data.rindex(b'"state":"done"') + 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def nothing(data: bytes) -> bytes:
    return b""


def text(data: bytes) -> bytes:
    return b"hello\n"


DAMAGES = [cut, zeros, half_zeros, flipped, nothing, text]


def file(at: Scene) -> Any:
    return at.state / "journal.sqlite3"


def damage(at: Scene, how: Callable[[bytes], bytes]) -> None:
    file(at).write_bytes(how(file(at).read_bytes()))


def mend(at: Scene) -> tuple[Fate, ...]:
    """What the command does, in this process."""
    moment = datetime.now(UTC)
    with mending.mended(at.state, Realm.REHEARSAL, moment) as found:
        name = found.aside.name if found.aside else ""
    return tuple(at.work(lambda desk: repair(desk, name)))


def vault(at: Scene) -> Vault:
    return Vault(at.state / "backups", Realm.REHEARSAL)


def journey(at: Scene) -> Any:
    with at.journal() as journal:
        return journal.newest(at.repository)


@pytest.fixture
def migrated(scene: Callable[..., Scene]) -> Scene:
    at = scene("shap-like", confirm_rollback=True)
    at.migrate()
    return at


@pytest.mark.parametrize("how", DAMAGES)
def test_whatever_is_damaged_every_command_names_the_way_on_and_touches_nothing(
    migrated: Scene, how: Callable[[bytes], bytes]
) -> None:
    damage(migrated, how)
    damaged = file(migrated).read_bytes()
    before = migrated.snapshot()

    def standing() -> None:
        with migrated.journal() as journal:
            standings(journal, datetime.now(UTC))

    for command in (migrated.migrate, migrated.rollback, migrated.finish, standing):
        with pytest.raises(JournalDamaged) as refused:
            command()
        assert "keyless doctor --repair-journal" in refused.value.hint
        assert refused.value.exit_code == 20
    assert file(migrated).read_bytes() == damaged
    assert migrated.snapshot() == before


@pytest.mark.parametrize("how", DAMAGES)
def test_mended_the_way_back_gives_everything_back(migrated: Scene, how: Callable[[bytes], bytes]) -> None:
    """S4 from a journal that was told anew; the damaged one is kept byte for byte."""
    damage(migrated, how)
    damaged = file(migrated).read_bytes()
    assert [fate.state for fate in mend(migrated)] == [JourneyState.WINDOW]
    assert [aside.read_bytes() for aside in migrated.state.glob("journal.damaged-*")] == [damaged]
    migrated.rollback()
    fresh = Scene.of("shap-like", migrated.folder.parent / "fresh")
    assert migrated.snapshot().secrets == fresh.snapshot().secrets
    assert migrated.snapshot().workflows == fresh.snapshot().workflows
    fresh.close()


def test_mended_the_end_is_reached_and_the_receipt_says_that_it_was_told_anew(migrated: Scene) -> None:
    """Proof is asked for again, the tokens are revoked one by one, and the backup is destroyed."""
    damage(migrated, zeros)
    mend(migrated)
    migrated.release()
    migrated.finish()
    plan = migrated.plan(Phase.FINISH)
    kinds = {type(step) for step in plan.steps}
    assert {CheckProof, RevokeToken, ShredBackup} <= kinds
    assert all(step.identifier for step in plan.steps if isinstance(step, RevokeToken))
    assert vault(migrated).list() == ()
    receipt = migrated.work(lambda desk: _receipt(desk, migrated))
    assert any("rebuilt" in line for line in receipt.unseen)
    assert {token.end for token in receipt.tokens} == {"proven gone"}


async def _receipt(desk: Any, at: Scene) -> Any:
    return make_receipt(desk, desk.journal.newest(at.repository))


def test_less_than_an_attested_proof_is_enough_where_it_is_said_again_with_its_reason(migrated: Scene) -> None:
    """Otherwise a migration that rested on a weaker grade could never end. The reason stands in the receipt again."""
    damage(migrated, zeros)
    migrated.told |= {"grade": "inferred", "grade-reason": "the index signs nothing"}
    mend(migrated)
    del migrated.told["grade"], migrated.told["grade-reason"]
    migrated.release()
    migrated.finish()
    assert {step.bar for step in migrated.plan(Phase.FINISH).steps if isinstance(step, CheckProof)} == {Grade.INFERRED}
    receipt = migrated.work(lambda desk: _receipt(desk, migrated))
    assert "the index signs nothing" in str(receipt.exemptions)


def test_a_migration_whose_releases_are_not_signed_still_ends(scene: Callable[..., Scene]) -> None:
    """Its maintainer accepts that once more, as at the first time."""
    at = scene("two-people")
    at.migrate()
    damage(at, zeros)
    mend(at)
    at.finish()
    assert journey(at).state is JourneyState.FINISHED


def test_its_export_says_that_it_was_told_anew_and_is_sound(migrated: Scene) -> None:
    damage(migrated, zeros)
    mend(migrated)
    with migrated.journal() as journal:
        lines = list(journal.export(journey(migrated).id))
    assert check_export(lines).sound
    assert any('"kind":"rebuilt"' in line for line in lines)


def test_status_knows_the_end_of_the_window_again(migrated: Scene) -> None:
    until = journey(migrated).window_until
    damage(migrated, zeros)
    mend(migrated)
    assert journey(migrated).window_until == until
    assert journey(migrated).id in vault(migrated).list()[0].subject.journey


def test_twice_equals_once(migrated: Scene) -> None:
    """S5: what is known is not told again."""
    damage(migrated, zeros)
    assert len(mend(migrated)) == 1
    before = journey(migrated)
    assert mend(migrated) == ()
    assert journey(migrated) == before


def test_killed_while_it_was_told_anew_the_same_again_ends_well(
    migrated: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(migrated, zeros)

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    for method in ("append", "create"):
        monkeypatch.setattr(f"keyless.journal.history.History.{method}", killed)
        with pytest.raises(Killed):
            mend(migrated)
        monkeypatch.undo()
        with migrated.journal() as journal:
            assert unknown_backups(journal, vault(migrated).ids()) != ()
    assert [fate.state for fate in mend(migrated)] == [JourneyState.WINDOW]
    migrated.rollback()
    assert migrated.names() == NAMES


def test_a_journal_that_is_gone_is_not_taken_for_nothing_begun(migrated: Scene) -> None:
    """A new and empty one does not know the backups that are there."""
    file(migrated).unlink()
    with migrated.journal() as journal:
        assert unknown_backups(journal, vault(migrated).ids()) == tuple(one.id for one in vault(migrated).list())
    assert [fate.state for fate in mend(migrated)] == [JourneyState.WINDOW]
    migrated.rollback()
    assert migrated.names() == NAMES


def test_a_wrong_passphrase_brings_nothing_back_and_loses_nothing(migrated: Scene) -> None:
    """S8: a header's claim is not enough. With the right one the same command does it."""
    damage(migrated, zeros)
    migrated.tokens["env:WRONG"] = Secret("not the passphrase")
    migrated.told["unlock-passphrase"] = "env:WRONG"
    (fate,) = mend(migrated)
    assert fate.state is None
    assert "does not open the backup" in fate.because
    assert journey(migrated) is None
    del migrated.told["unlock-passphrase"]
    assert [fate.state for fate in mend(migrated)] == [JourneyState.WINDOW]


def test_a_store_that_cannot_be_read_brings_nothing_back(migrated: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """S11: unread is not removed."""
    from keyless.errors import NotAllowed

    async def unread(*_: Any) -> None:
        raise NotAllowed("The secrets could not be read.")

    damage(migrated, zeros)
    monkeypatch.setattr("keyless.journeys.repair.look_up", unread)
    (fate,) = mend(migrated)
    assert fate.state is None
    assert journey(migrated) is None
    monkeypatch.undo()
    assert [fate.state for fate in mend(migrated)] == [JourneyState.WINDOW]


def test_in_the_middle_of_the_removals_the_migration_goes_on(scene: Callable[..., Scene]) -> None:
    """One secret is gone and one is there: what is gone can be put back, and `migrate` removes the other, proven again."""
    at = scene("shap-like", confirm_rollback=True)
    removals = iter(range(2))

    def second() -> None:
        if next(removals):
            raise Killed
        at.heard.at["Remove"] = second

    at.heard.at["Remove"] = second
    with pytest.raises(Killed):
        at.migrate()
    assert len(at.names()) == 1
    damage(at, zeros)
    assert [fate.state for fate in mend(at)] == [JourneyState.MIGRATING]
    at.migrate()
    assert at.names() == set()
    at.rollback()
    assert at.names() == NAMES


def test_rolled_back_before_it_stays_rolled_back(migrated: Scene) -> None:
    """And a new migration can begin; its end knows the old backup."""
    migrated.rollback()
    damage(migrated, zeros)
    assert [fate.state for fate in mend(migrated)] == [JourneyState.ROLLED_BACK]
    migrated.migrate()
    migrated.store.advance(60)
    migrated.release()
    migrated.finish()
    assert vault(migrated).list() == ()


def test_in_the_middle_of_a_rollback_the_rollback_goes_on(migrated: Scene) -> None:
    """What was put back is newer than what the backup knows of it: nobody is sent to remove it again."""
    rest = iter(range(2))

    def second() -> None:
        if next(rest):
            raise Killed
        migrated.heard.at["Put"] = second

    migrated.heard.at["Put"] = second
    migrated.store.advance(60)
    with pytest.raises(Killed):
        migrated.rollback()
    assert len(migrated.names()) == 1
    damage(migrated, zeros)
    assert [fate.state for fate in mend(migrated)] == [JourneyState.ROLLING_BACK]
    assert "rollback" in str(migrated.error(migrated.migrate))
    migrated.rollback()
    assert migrated.names() == NAMES


def test_revoked_before_it_the_end_finds_the_token_dead(migrated: Scene) -> None:
    """Killed between the revocation and the shredding, and then the journal is lost."""
    migrated.release()

    def gone() -> None:
        raise Killed

    migrated.heard.at["Destroy"] = gone
    with pytest.raises(Killed):
        migrated.finish()
    damage(migrated, zeros)
    assert [fate.state for fate in mend(migrated)] == [JourneyState.WINDOW]
    migrated.finish()
    assert vault(migrated).list() == ()


def test_whole_histories_in_a_damaged_journal_are_taken_over_as_they_are(scene: Callable[..., Scene]) -> None:
    """A flipped byte in one migration costs the others nothing, and the latest time seen is kept."""
    at = scene("two-libraries")
    first, second = at.world.migrate[:2]
    at.migrate(first)
    at.migrate(second)
    with at.journal() as journal:
        kept = journal.newest(first)
        assert kept is not None
        history = list(journal.export(kept.id))
        moment = RehearsalClock(at.store).now()
        journal.saw(moment)
    other = None
    with at.journal() as journal:
        other = journal.newest(second)
    assert other is not None
    with closing(sqlite3.connect(file(at), isolation_level=None)) as database:
        database.execute("DROP TRIGGER events_keep")
        database.execute("UPDATE event SET kind='strange' WHERE journey=? AND number=2", (other.id,))
    fates = mend(at)
    assert [(fate.repository, fate.state) for fate in fates] == [(second, JourneyState.WINDOW)]
    with at.journal() as journal:
        assert list(journal.export(kept.id)) == history
        last = journal.last_seen()
    assert last is not None
    assert last >= moment
    at.rollback(first)
    at.rollback(second)


def test_a_sound_journal_is_not_moved(migrated: Scene) -> None:
    before = file(migrated).read_bytes()
    assert mending.problem(migrated.state, Realm.REHEARSAL) is None
    assert mend(migrated) == ()
    assert file(migrated).read_bytes() == before
    assert list(migrated.state.glob("journal.damaged-*")) == []


def test_nobody_mends_a_journal_that_another_run_has_open(migrated: Scene) -> None:
    """What that run writes from then on would be lost. Nor does a run begin while it is mended."""
    with migrated.journal(), pytest.raises(Locked):
        mend(migrated)
    with mending.mended(migrated.state, Realm.REHEARSAL, datetime.now(UTC)), pytest.raises(Locked):
        Journal.open(migrated.state, Realm.REHEARSAL)
    migrated.rollback()


def test_an_open_migration_of_the_same_repository_is_not_pushed_aside(migrated: Scene) -> None:
    """Somebody began again with an empty journal: the old backup stays, and the way to use it is said."""
    file(migrated).unlink()
    with migrated.journal() as journal:
        journal.begin(migrated.repository, datetime.now(UTC))
    (fate,) = mend(migrated)
    assert fate.state is None
    assert "open migration" in fate.because
    assert len(vault(migrated).list()) == 1


def test_a_migration_that_was_rolled_back_is_told_anew_beside_one_that_was_begun_since(migrated: Scene) -> None:
    """Somebody went on with an empty journal. Both are known then, and the open one is gone on with."""
    migrated.rollback()
    file(migrated).unlink()
    with migrated.journal() as journal:
        begun = journal.begin(migrated.repository, datetime.now(UTC))
    assert [fate.state for fate in mend(migrated)] == [JourneyState.ROLLED_BACK]
    assert journey(migrated) == begun
    migrated.migrate()
    assert journey(migrated).id == begun.id
    assert migrated.names() == set()


def test_after_its_end_a_backup_still_tells_its_migration(migrated: Scene) -> None:
    """It is overdue then, and `finish` ends it; no token is opened for use."""
    migrated.store.advance(20 * DAY)
    damage(migrated, zeros)
    assert [fate.state for fate in mend(migrated)] == [JourneyState.WINDOW]
    with migrated.journal() as journal:
        assert [one.urgency for one in standings(journal, RehearsalClock(migrated.store).now())] == ["overdue"]
    migrated.release()
    migrated.finish()
    assert vault(migrated).list() == ()
