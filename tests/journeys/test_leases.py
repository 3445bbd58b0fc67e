"""A backup gets another end or other keys: file, journal, window and the copy of the token move together, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from keyless import tokens
from keyless.errors import OperatorStopped, UsageError
from keyless.journal import Journal
from keyless.journeys.keys import add_key, remove_key
from keyless.journeys.leases import extend
from keyless.journeys.settling import settle
from keyless.journeys.status import standings
from keyless.model.realm import Realm
from keyless.rehearsal.clock import RehearsalClock
from keyless.secret import Secret
from keyless.vault import IdentityUnlock, PassphraseUnlock, Reason, Refusal, Vault, new_recipient
from tests.services.system.test_keyring import InMemory
from tests.staging import DAY, PASSPHRASE, Killed, Scene

ANOTHER = Secret("another passphrase, for tests")


@pytest.fixture
def migrated(scene: Callable[..., Scene]) -> Scene:
    """A migrated world whose operator says yes and has no token at hand."""
    at = scene("shap-like")
    at.migrate()
    at.answers = False
    at.told |= {"confirm-backup": True, "lease": "7"}
    return at


def backup(at: Scene) -> str:
    return vault(at).list()[0].id


def vault(at: Scene) -> Vault:
    return Vault(at.state / "backups", Realm.REHEARSAL)


def do(at: Scene, job: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    id_ = backup(at)
    return at.work(lambda desk: job(desk, id_, *arguments, **options))


def now(at: Scene) -> Any:
    return RehearsalClock(at.store).now()


def ends(at: Scene) -> set[Any]:
    """Every end that is written down anywhere: header, journal, window, and the copies of tokens inside."""
    header, kept = vault(at).open(backup(at), PassphraseUnlock(PASSPHRASE), now=now(at))
    with at.journal() as journal:
        journey = journal.newest(at.repository)
        assert journey is not None
        found = {header.lease.expires_at, journey.window_until, journal.backups(journey.id)[-1].expires_at}
    found |= {tokens.read(one.token).expires_at for one in kept.secrets if one.token is not None}
    return {end.replace(microsecond=0) for end in found}


def all_end_in(at: Scene, days: int) -> bool:
    """Whether there is one end only, and it is these days from now (the world's clock goes on while a test runs)."""
    found = ends(at)
    return len(found) == 1 and abs(found.pop() - now(at) - timedelta(days=days)) < timedelta(minutes=2)


def consistent(at: Scene) -> bool:
    """Whether the journal speaks of the file that is there."""
    with at.journal() as journal:
        journey = journal.newest(at.repository)
        assert journey is not None
        record = journal.backups(journey.id)[-1]
    same = record.expires_at == vault(at).header(record.id).lease.expires_at
    return same and record.sha256 == vault(at).digest(record.id)


def whole_tokens(at: Scene) -> None:
    """The operator has the whole tokens at hand."""
    for held in at.world.secrets:
        text = at.world.token(held.token).text
        assert text is not None
        at.tokens[f"env:{held.name}"] = text
        at.told.setdefault("token", {})[held.name] = f"env:{held.name}"


def test_an_earlier_end_ends_everything_earlier(migrated: Scene) -> None:
    """Also the copies inside: the index itself refuses them from then on. No token is needed for it."""
    do(migrated, extend)
    assert all_end_in(migrated, 7)
    assert consistent(migrated)


def test_a_later_end_needs_the_whole_token_and_is_refused_plainly_without(migrated: Scene) -> None:
    """The index's own end of a copy does not move. The error names the flag; nothing is changed."""
    migrated.told["lease"] = "60"
    before = vault(migrated).digest(backup(migrated))
    error = migrated.error(lambda: do(migrated, extend))
    assert isinstance(error, UsageError)
    assert "--token-from" in str(error)
    assert "refuses the copy" in str(error)
    assert vault(migrated).digest(backup(migrated)) == before
    assert consistent(migrated)


def test_a_later_end_with_the_whole_token_ends_everything_later(migrated: Scene) -> None:
    migrated.told["lease"] = "60"
    whole_tokens(migrated)
    do(migrated, extend)
    assert all_end_in(migrated, 60)
    assert consistent(migrated)


def test_another_token_than_the_one_in_the_backup_is_refused(migrated: Scene) -> None:
    """A backup of one token never becomes one of another: the receipt and the revocation speak of this one."""
    migrated.told["lease"] = "60"
    whole_tokens(migrated)
    names = list(migrated.told["token"])
    migrated.told["token"] = dict(zip(names, reversed([f"env:{name}" for name in names]), strict=True))
    before = vault(migrated).digest(backup(migrated))
    error = migrated.error(lambda: do(migrated, extend))
    assert isinstance(error, UsageError)
    assert "holds a copy of" in str(error)
    assert vault(migrated).digest(backup(migrated)) == before


def test_the_copy_itself_is_not_enough_for_a_later_end(migrated: Scene) -> None:
    migrated.told["lease"] = "60"
    _, kept = vault(migrated).open(backup(migrated), PassphraseUnlock(PASSPHRASE), now=now(migrated))
    for one in kept.secrets:
        assert one.token is not None
        migrated.tokens[f"env:{one.entry.name}"] = one.token
        migrated.told.setdefault("token", {})[one.entry.name] = f"env:{one.entry.name}"
    error = migrated.error(lambda: do(migrated, extend))
    assert "it is a copy, too" in str(error)
    assert consistent(migrated)


def test_a_dry_run_and_a_no_change_nothing(migrated: Scene) -> None:
    before = vault(migrated).digest(backup(migrated))
    assert do(migrated, extend, dry_run=True) is None
    migrated.told["confirm-backup"] = False
    with pytest.raises(OperatorStopped):
        do(migrated, extend)
    assert vault(migrated).digest(backup(migrated)) == before


def test_after_its_end_a_backup_is_extended_only_for_who_insists(migrated: Scene) -> None:
    migrated.store.advance(15 * DAY)
    whole_tokens(migrated)
    with pytest.raises(Refusal) as refused:
        do(migrated, extend)
    assert refused.value.reason is Reason.EXPIRED
    migrated.told["open-expired"] = str(migrated.repository)
    do(migrated, extend)
    assert all_end_in(migrated, 7)


def test_rollback_and_status_go_by_the_new_end(migrated: Scene) -> None:
    """Longer than the first window: both still count on the backup; shorter: both do not."""
    migrated.told |= {"lease": "60", "confirm-rollback": True}
    whole_tokens(migrated)
    do(migrated, extend)
    migrated.store.advance(30 * DAY)
    with migrated.journal() as journal:
        assert [one.urgency for one in standings(journal, now(migrated))] == ["none"]
    migrated.rollback()
    assert migrated.names() == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def test_a_shortened_one_is_overdue_and_refused_after_its_new_end(migrated: Scene) -> None:
    migrated.told["confirm-rollback"] = True
    do(migrated, extend)
    migrated.store.advance(8 * DAY)
    with migrated.journal() as journal:
        assert [one.urgency for one in standings(journal, now(migrated))] == ["overdue"]
    assert migrated.error(migrated.rollback).exit_code == 14


@pytest.mark.parametrize("method", ["intend_backup", "backup_changed"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_around_every_write_journal_and_vault_agree_again(
    migrated: Scene, monkeypatch: pytest.MonkeyPatch, method: str, after: bool
) -> None:
    """The next command brings them together, and the removal's guard and the rollback know the file."""
    plain = getattr(Journal, method)

    def killed(*arguments: Any, **options: Any) -> None:
        if after:
            plain(*arguments, **options)
        raise Killed

    monkeypatch.setattr(Journal, method, killed)
    with pytest.raises(Killed):
        do(migrated, extend)
    monkeypatch.undo()
    with migrated.journal() as journal:
        settle(journal, lambda: vault(migrated), now(migrated))
    assert consistent(migrated)
    assert len(ends(migrated)) == 1
    do(migrated, extend)
    assert consistent(migrated)
    migrated.told["confirm-rollback"] = True
    migrated.rollback()
    assert migrated.names() == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def test_killed_inside_the_vault_nothing_is_taken_over(migrated: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An intent whose file never came is nothing: the file is as it was, and so is what the journal knows."""

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    before = vault(migrated).digest(backup(migrated))
    monkeypatch.setattr("keyless.vault.folder.Folder.write", killed)
    with pytest.raises(Killed):
        do(migrated, extend)
    monkeypatch.undo()
    with migrated.journal() as journal:
        settle(journal, lambda: vault(migrated), now(migrated))
    assert vault(migrated).digest(backup(migrated)) == before
    assert consistent(migrated)


def test_a_backup_that_no_journey_knows_is_extended_all_the_same(migrated: Scene) -> None:
    """One that was imported, say: only its file changes."""
    (migrated.state / "journal.sqlite3").unlink()
    header = do(migrated, extend)
    assert header.lease.expires_at == vault(migrated).header(header.id).lease.expires_at


def test_a_passphrase_more_opens_it_and_goes_again(migrated: Scene) -> None:
    """Every change leaves journal and vault of one mind, so the guards of a removal still find the backup."""
    migrated.tokens["env:NEW"] = ANOTHER
    migrated.told["new-passphrase"] = "env:NEW"
    assert len(do(migrated, add_key, keyring=False).slots) == 2
    assert consistent(migrated)
    for passphrase in (PASSPHRASE, ANOTHER):
        vault(migrated).open(backup(migrated), PassphraseUnlock(passphrase), now=now(migrated))
    assert len(do(migrated, remove_key, 1).slots) == 1
    assert consistent(migrated)
    with pytest.raises(Refusal):
        vault(migrated).open(backup(migrated), PassphraseUnlock(PASSPHRASE), now=now(migrated))


def test_a_recipient_more_opens_it(migrated: Scene) -> None:
    public, private = new_recipient()
    migrated.told["recipients"] = [public]
    do(migrated, add_key, keyring=False)
    vault(migrated).open(backup(migrated), IdentityUnlock(private), now=now(migrated))
    assert consistent(migrated)


@pytest.mark.parametrize("number", [1, 2, 9])
def test_the_last_key_stays_and_a_number_that_is_none_is_refused(migrated: Scene, number: int) -> None:
    before = vault(migrated).digest(backup(migrated))
    assert migrated.error(lambda: do(migrated, remove_key, number)).exit_code == 2
    assert vault(migrated).digest(backup(migrated)) == before


def test_two_keys_at_once_are_refused(migrated: Scene) -> None:
    migrated.told["recipients"] = [new_recipient()[0], new_recipient()[0]]
    assert migrated.error(lambda: do(migrated, add_key, keyring=False)).exit_code == 2


def test_dry_runs_of_keys_change_nothing(migrated: Scene) -> None:
    before = vault(migrated).digest(backup(migrated))
    migrated.tokens["env:NEW"] = ANOTHER
    migrated.told["new-passphrase"] = "env:NEW"
    assert do(migrated, add_key, keyring=False, dry_run=True) is None
    assert vault(migrated).digest(backup(migrated)) == before
    do(migrated, add_key, keyring=False)
    before = vault(migrated).digest(backup(migrated))
    assert do(migrated, remove_key, 1, dry_run=True) is None
    assert vault(migrated).digest(backup(migrated)) == before


def test_finish_after_an_extension_destroys_the_backup(migrated: Scene) -> None:
    """The whole way to the end goes as it would have."""
    do(migrated, extend)
    migrated.answers = True
    migrated.release()
    migrated.finish()
    assert vault(migrated).list() == ()


def test_sealed_for_the_keyring_the_way_back_needs_no_passphrase(scene: Callable[..., Scene], ring: InMemory) -> None:
    """It is an extra key beside the passphrase, and `finish` takes it out of the keyring again."""
    at = scene("shap-like", keyring=True, confirm_rollback=True)
    at.migrate()
    assert len(vault(at).list()[0].slots) == 2
    assert len(ring.kept) == 1
    at.told["keyring"] = True
    at.tokens.clear()
    at.rollback()
    assert at.names() == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}
    at.migrate()
    at.store.advance(60)
    at.release()
    at.finish()
    assert ring.kept == {}
