"""The vault as its users see it: sealed, opened, listed, carried, extended, destroyed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyless import vault as room
from keyless.errors import BackupRefused, UsageError
from keyless.files import FileRefused
from keyless.model.backup import BackupContents, BackupHeader, BackupSubject, KeptSecret, Lease
from keyless.model.github import Repository, SecretEntry, Store, StoreKind
from keyless.model.realm import Realm
from keyless.secret import Secret
from keyless.vault import (
    Cost,
    IdentityUnlock,
    PassphraseKey,
    PassphraseUnlock,
    Reason,
    RecipientKey,
    Refusal,
    Unlock,
    Vault,
    new_recipient,
)
from tests.tokens.conftest import USER_TOKEN
from tests.vault.conftest import KEY, LATER, LEASE, NOW, UNLOCK, Sealed, contents


def refused(sealed: Sealed, where: str | Path, unlock: Unlock = UNLOCK, **how: object) -> Reason:
    """Return why opening is refused, and see that the vault and its files stay as they were."""
    before = {path: path.read_bytes() for path in sealed.path.parent.iterdir()}
    with pytest.raises(BackupRefused) as caught:
        sealed.vault.open(where, unlock, **{"now": NOW, **how})  # type: ignore[arg-type]
    assert caught.value.exit_code == 14
    assert isinstance(caught.value, Refusal)
    assert {path: path.read_bytes() for path in sealed.path.parent.iterdir()} == before
    return caught.value.reason


def test_what_was_sealed_comes_out_by_id_and_by_path(sealed: Sealed) -> None:
    for where in (sealed.header.id, sealed.path, str(sealed.path)):
        assert sealed.vault.open(where, UNLOCK, now=NOW) == (sealed.header, sealed.contents)


def test_a_real_backup_costs_what_the_design_says(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "real", Realm.REAL)
    header = vault.seal(contents(Realm.REAL), LEASE, [KEY])
    assert header.slots == ("passphrase (argon2id, 256 MiB, 3 passes)",)
    assert vault.open(header.id, UNLOCK, now=NOW)[1] == contents(Realm.REAL)


def test_a_recipient_seals_what_only_the_identity_opens(vault: Vault) -> None:
    public, private = new_recipient()
    header = vault.seal(contents(), LEASE, [RecipientKey(public)])
    assert vault.open(header.id, IdentityUnlock(private), now=NOW)[1] == contents()
    with pytest.raises(Refusal) as caught:
        vault.open(header.id, UNLOCK, now=NOW)
    assert caught.value.reason is Reason.KEY


def test_each_of_several_keys_opens_it_and_no_other_does(vault: Vault) -> None:
    (first, one), (second, two), (_, three) = new_recipient(), new_recipient(), new_recipient()
    keys = [RecipientKey(first), PassphraseKey(Secret("a")), RecipientKey(second), PassphraseKey(Secret("b"))]
    header = vault.seal(contents(), LEASE, keys)
    good = [IdentityUnlock(one), IdentityUnlock(two), PassphraseUnlock(Secret("a")), PassphraseUnlock(Secret("b"))]
    for unlock in good:
        assert vault.open(header.id, unlock, now=NOW)[1] == contents()
    for unlock in (IdentityUnlock(three), PassphraseUnlock(Secret("c"))):
        with pytest.raises(Refusal, match="does not open"):
            vault.open(header.id, unlock, now=NOW)


def test_the_token_stands_nowhere_in_the_file(sealed: Sealed) -> None:
    data = sealed.path.read_bytes()
    token = USER_TOKEN.reveal().encode()
    assert not any(token[start : start + 12] in data for start in range(len(token) - 12))


def test_the_same_contents_are_sealed_differently_each_time(vault: Vault) -> None:
    headers = [vault.seal(contents(), LEASE, [KEY]) for _ in range(3)]
    files = [vault.path(header.id).read_bytes().split(b"\n") for header in headers]
    assert len({file[1] for file in files}) == len({file[2] for file in files}) == 3


def test_the_header_says_what_a_backup_is_for_without_a_key(sealed: Sealed) -> None:
    header = sealed.vault.header(sealed.header.id)
    assert header == sealed.header
    assert (header.version, header.subject, header.lease) == (1, sealed.contents.subject, LEASE)


def test_a_person_recognises_the_file(sealed: Sealed) -> None:
    assert sealed.path.name == f"REHEARSAL-acme-widget-2026-11-23-{sealed.header.id}.keyless-backup"
    assert sealed.path.read_bytes().startswith(b"keyless backup v1 - sealed; ")


def test_a_repository_cannot_name_a_place_outside_the_folder(vault: Vault) -> None:
    kept = contents(repository=Repository("../..", "/etc/passwd\n"))
    assert vault.path(vault.seal(kept, LEASE, [KEY]).id).parent == vault.path(vault.list()[0].id).parent


@pytest.mark.parametrize(
    ("now", "past_expiry", "opens"),
    [
        (NOW, False, True),
        (LATER - timedelta(microseconds=1), False, True),
        (LATER, False, False),
        (LATER + timedelta(days=3650), False, False),
        (LATER, True, True),
        (NOW - timedelta(seconds=1), False, True),
        (NOW - timedelta(days=3650), False, True),
    ],
)
def test_the_lease_is_judged_by_the_time_given(sealed: Sealed, now: object, past_expiry: bool, opens: bool) -> None:
    if opens:
        assert sealed.vault.open(sealed.header.id, UNLOCK, now=now, past_expiry=past_expiry)[1] == sealed.contents
    else:
        assert refused(sealed, sealed.header.id, now=now, past_expiry=past_expiry) is Reason.EXPIRED


def test_a_wrong_key_is_told_before_an_expiry_that_nobody_has_authenticated(sealed: Sealed) -> None:
    assert refused(sealed, sealed.header.id, PassphraseUnlock(Secret("no")), now=LATER) is Reason.KEY


def test_the_other_realm_is_refused(sealed: Sealed, tmp_path: Path) -> None:
    reality = Vault(tmp_path / "real", Realm.REAL)
    for attempt in (
        lambda: reality.open(sealed.path, UNLOCK, now=NOW),
        lambda: reality.header(sealed.path),
        lambda: reality.import_(sealed.path),
    ):
        with pytest.raises(Refusal) as caught:
            attempt()
        assert caught.value.reason is Reason.REALM
    assert reality.list() == ()


def test_contents_of_the_other_realm_are_not_sealed(vault: Vault) -> None:
    with pytest.raises(UsageError, match="realm"):
        vault.seal(contents(Realm.REAL), LEASE, [KEY])
    assert vault.list() == ()


@pytest.mark.parametrize("number", [0, 9])
def test_a_backup_takes_one_to_eight_keys(vault: Vault, number: int) -> None:
    public, _ = new_recipient()
    with pytest.raises(UsageError, match="1 to 8 keys"):
        vault.seal(contents(), LEASE, [RecipientKey(public)] * number)


def test_eight_keys_are_fine(vault: Vault) -> None:
    pairs = [new_recipient() for _ in range(8)]
    header = vault.seal(contents(), LEASE, [RecipientKey(public) for public, _ in pairs])
    assert vault.open(header.id, IdentityUnlock(pairs[7][1]), now=NOW)[1] == contents()


@pytest.mark.parametrize("lease", [Lease(NOW, NOW), Lease(NOW, NOW - timedelta(days=1))])
def test_a_lease_that_ends_before_it_begins_is_refused(sealed: Sealed, lease: Lease) -> None:
    with pytest.raises(UsageError, match="lease"):
        sealed.vault.seal(contents(), lease, [KEY])
    with pytest.raises(UsageError, match="lease"):
        sealed.vault.extend(sealed.header.id, UNLOCK, lease)


@pytest.mark.parametrize("id_", ["0" * 16, "nonsense", "", "../../etc/passwd", "0123456789ABCDEF"])
def test_an_id_that_there_is_not_is_refused(sealed: Sealed, id_: str) -> None:
    with pytest.raises(Refusal) as caught:
        sealed.vault.path(id_)
    assert caught.value.reason is Reason.MISSING


def test_an_empty_vault_lists_nothing_and_makes_no_folder(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "nothing", Realm.REAL)
    assert vault.list() == vault.unreadable() == ()
    vault.shred("0" * 16)
    assert not (tmp_path / "nothing").exists()


def test_a_damaged_neighbour_does_not_hide_the_others_and_is_named(sealed: Sealed) -> None:
    other = sealed.vault.seal(contents(), LEASE, [KEY])
    path = sealed.vault.path(other.id)
    path.write_bytes(path.read_bytes()[:-10])
    assert sealed.vault.list() == (sealed.header,)
    ((where, error),) = sealed.vault.unreadable()
    assert where == path
    assert isinstance(error, Refusal)


def test_a_file_under_anothers_name_is_refused(sealed: Sealed) -> None:
    other = sealed.vault.seal(contents(), LEASE, [KEY])
    mine, theirs = sealed.path, sealed.vault.path(other.id)
    mine.write_bytes(theirs.read_bytes())
    assert refused(sealed, sealed.header.id) is Reason.DAMAGED


def test_it_says_whether_there_is_a_file(sealed: Sealed) -> None:
    assert sealed.vault.holds(sealed.header.id)
    sealed.vault.shred(sealed.header.id)
    assert not sealed.vault.holds(sealed.header.id)


def test_two_files_of_one_id_are_refused(sealed: Sealed) -> None:
    sealed.path.with_name("copy-" + sealed.path.name).write_bytes(sealed.path.read_bytes())
    with pytest.raises(Refusal, match="2 files"):
        sealed.vault.holds(sealed.header.id)
    with pytest.raises(Refusal, match="2 files"):
        sealed.vault.path(sealed.header.id)


def test_the_digest_is_that_of_the_file(sealed: Sealed) -> None:
    assert sealed.vault.digest(sealed.header.id) == hashlib.sha256(sealed.path.read_bytes()).hexdigest()


def test_an_export_serves_alone_in_another_vault(sealed: Sealed, tmp_path: Path) -> None:
    file = tmp_path / "carried.keyless-backup"
    sealed.vault.export(sealed.header.id, file)
    assert file.stat().st_mode & 0o777 == 0o600
    elsewhere = Vault(tmp_path / "elsewhere", Realm.REHEARSAL)
    assert elsewhere.open(file, UNLOCK, now=NOW)[1] == sealed.contents
    assert elsewhere.import_(file) == elsewhere.import_(file) == sealed.header
    assert elsewhere.open(sealed.header.id, UNLOCK, now=NOW)[1] == sealed.contents
    assert elsewhere.digest(sealed.header.id) == sealed.vault.digest(sealed.header.id)


def test_an_export_replaces_nothing(sealed: Sealed, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("mine")
    with pytest.raises(FileRefused):
        sealed.vault.export(sealed.header.id, file)
    with pytest.raises(FileRefused):
        sealed.vault.export(sealed.header.id, tmp_path / "no-folder" / "x")
    assert file.read_text() == "mine"


def test_a_damaged_backup_is_not_exported(sealed: Sealed, tmp_path: Path) -> None:
    sealed.path.write_bytes(sealed.path.read_bytes()[:-9])
    with pytest.raises(Refusal):
        sealed.vault.export(sealed.header.id, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_an_import_never_replaces_a_backup_by_another_of_its_id(sealed: Sealed, tmp_path: Path) -> None:
    file = tmp_path / "old"
    sealed.vault.export(sealed.header.id, file)
    sealed.vault.extend(sealed.header.id, UNLOCK, Lease(NOW, NOW + timedelta(days=30)))
    digest = sealed.vault.digest(sealed.header.id)
    with pytest.raises(Refusal, match="keeps it"):
        sealed.vault.import_(file)
    assert sealed.vault.digest(sealed.header.id) == digest


def test_an_import_does_not_hide_that_there_are_two_files(sealed: Sealed, tmp_path: Path) -> None:
    sealed.vault.export(sealed.header.id, tmp_path / "x")
    sealed.path.with_name("copy-" + sealed.path.name).write_bytes(sealed.path.read_bytes())
    with pytest.raises(Refusal, match="2 files"):
        sealed.vault.import_(tmp_path / "x")


@pytest.mark.parametrize("days", [1, 30])
def test_a_lease_is_extended_or_shortened_and_all_keys_stay(vault: Vault, days: int) -> None:
    public, private = new_recipient()
    old = vault.seal(contents(), LEASE, [KEY, RecipientKey(public)])
    path = vault.path(old.id)
    lease = Lease(NOW, NOW + timedelta(days=days))
    header = vault.extend(old.id, UNLOCK, lease)
    assert (header.id, header.lease, header.slots, vault.path(old.id)) == (old.id, lease, old.slots, path)
    for unlock in (UNLOCK, IdentityUnlock(private)):
        assert vault.open(old.id, unlock, now=lease.expires_at - timedelta(seconds=1)) == (header, contents())
        with pytest.raises(Refusal, match="expired"):
            vault.open(old.id, unlock, now=lease.expires_at)


def test_with_another_end_go_other_copies_of_the_tokens(sealed: Sealed) -> None:
    """The index's own limit in a copy does not move by itself. All else that is kept stays, the subject included."""
    lease = Lease(NOW, NOW + timedelta(days=30))
    other = tuple(replace(one, token=USER_TOKEN) for one in sealed.contents.secrets)
    assert other != sealed.contents.secrets
    header = sealed.vault.extend(sealed.header.id, UNLOCK, lease, secrets=list(other))
    assert sealed.vault.open(header.id, UNLOCK, now=NOW) == (header, replace(sealed.contents, secrets=other))


def test_an_expired_lease_is_extended_only_when_the_operator_says_so(sealed: Sealed) -> None:
    lease = Lease(LATER, LATER + timedelta(days=1))
    digest = sealed.vault.digest(sealed.header.id)
    with pytest.raises(Refusal, match="expired"):
        sealed.vault.extend(sealed.header.id, UNLOCK, lease)
    assert sealed.vault.digest(sealed.header.id) == digest
    assert sealed.vault.extend(sealed.header.id, UNLOCK, lease, past_expiry=True).lease == lease


def test_a_key_is_added_and_another_removed(sealed: Sealed) -> None:
    vault, id_ = sealed.vault, sealed.header.id
    public, private = new_recipient()
    assert len(vault.add_key(id_, UNLOCK, RecipientKey(public), now=NOW).slots) == 2
    assert vault.open(id_, IdentityUnlock(private), now=NOW)[1] == sealed.contents
    assert len(vault.remove_key(id_, IdentityUnlock(private), 0, now=NOW).slots) == 1
    assert refused(sealed, id_) is Reason.KEY
    assert vault.open(id_, IdentityUnlock(private), now=NOW)[1] == sealed.contents


@pytest.mark.parametrize("number", [-1, 0, 1])
def test_the_last_key_stays(sealed: Sealed, number: int) -> None:
    with pytest.raises(UsageError, match="one must stay"):
        sealed.vault.remove_key(sealed.header.id, UNLOCK, number, now=NOW)


Change = Callable[[Sealed, Callable[[BackupHeader, str], None]], BackupHeader]
NEW_PUBLIC, _ = new_recipient()
CHANGES: dict[str, Change] = {
    "extend": lambda at, say: at.vault.extend(at.header.id, UNLOCK, Lease(NOW, NOW + timedelta(days=30)), announce=say),
    "add a key": lambda at, say: at.vault.add_key(
        at.header.id, UNLOCK, RecipientKey(NEW_PUBLIC), now=NOW, announce=say
    ),
    "remove a key": lambda at, say: at.vault.remove_key(at.header.id, UNLOCK, 1, now=NOW, announce=say),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_announced_before_it_is_made_by_the_digest_of_what_is_coming(vault: Vault, change: Change) -> None:
    """So that a journal can tell a change that was cut short from a file that somebody else wrote."""
    sealed = Sealed(vault, vault.seal(contents(), LEASE, [KEY, RecipientKey(NEW_PUBLIC)]), contents())
    id_, before = sealed.header.id, vault.digest(sealed.header.id)
    said: list[tuple[BackupHeader, str, str]] = []
    header = change(sealed, lambda coming, digest: said.append((coming, digest, vault.digest(id_))))
    assert said == [(header, vault.digest(id_), before)]


def test_a_change_that_cannot_be_announced_is_not_made(sealed: Sealed) -> None:
    before = sealed.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        CHANGES["extend"](sealed, full)
    assert sealed.path.read_bytes() == before


def test_who_a_backup_is_sealed_for_is_read_without_a_key(vault: Vault) -> None:
    """In their order, and a passphrase is nobody's name."""
    public, other = new_recipient()[0], new_recipient()[0]
    header = vault.seal(contents(), LEASE, [RecipientKey(public), KEY, RecipientKey(other)])
    assert vault.recipients(header.id) == vault.recipients(vault.path(header.id)) == (public, other)


def test_ids_are_told_by_names_alone_so_a_damaged_backup_counts(sealed: Sealed) -> None:
    """And a file that is named otherwise is no backup of this folder's."""
    sealed.path.write_bytes(b"damaged")
    sealed.path.with_name(f"mine{sealed.path.suffix}").write_bytes(b"")
    assert sealed.vault.ids() == (sealed.header.id,)


def test_a_ninth_key_is_refused(vault: Vault) -> None:
    public, private = new_recipient()
    header = vault.seal(contents(), LEASE, [RecipientKey(public)] * 8)
    with pytest.raises(UsageError, match="at most 8"):
        vault.add_key(header.id, IdentityUnlock(private), KEY, now=NOW)


def test_a_shredded_backup_is_gone_and_shredding_again_is_fine(sealed: Sealed) -> None:
    other = sealed.vault.seal(contents(), LEASE, [KEY])
    sealed.vault.shred(sealed.header.id)
    sealed.vault.shred(sealed.header.id)
    assert sealed.vault.list() == (other,)
    with pytest.raises(Refusal, match="no backup"):
        sealed.vault.digest(sealed.header.id)


def test_shredding_takes_a_damaged_one_and_its_drafts_too(sealed: Sealed) -> None:
    draft = sealed.path.with_name(f".{sealed.path.name}.abcd.draft")
    draft.write_bytes(sealed.path.read_bytes())
    sealed.path.write_bytes(b"no line ends at all")
    folder = sealed.path.parent
    sealed.vault.shred(sealed.header.id)
    assert list(folder.iterdir()) == []


def test_shredding_nonsense_is_refused_rather_than_taken_for_a_pattern(sealed: Sealed) -> None:
    with pytest.raises(Refusal):
        sealed.vault.shred("")
    assert sealed.vault.list() == (sealed.header,)


@pytest.mark.parametrize("cost", [Cost(19 * 1024 - 1, 2), Cost(19 * 1024, 1), Cost(2 << 20, 3), Cost(256 << 10, 9)])
def test_a_vault_is_not_made_with_a_cost_out_of_bounds(tmp_path: Path, cost: Cost) -> None:
    with pytest.raises(Refusal, match="out of bounds"):
        Vault(tmp_path, Realm.REAL, cost=cost)


def test_everything_public_is_exported() -> None:
    assert all(hasattr(room, name) for name in room.__all__)


TEXTS = st.text(max_size=30)
TOKENS = st.none() | st.text(min_size=1, max_size=400).map(Secret)
ENTRIES = st.builds(
    SecretEntry,
    st.builds(Store, st.sampled_from(StoreKind), TEXTS, st.none() | TEXTS, st.none() | TEXTS),
    TEXTS,
    st.just(NOW),
    st.just(NOW),
)
SECRETS = st.builds(KeptSecret, ENTRIES, TOKENS, st.booleans(), TEXTS, st.none(), st.none() | TEXTS)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.tuples(TEXTS, TEXTS, TEXTS),
    kept=st.lists(SECRETS, max_size=4),
    passphrase=st.text(min_size=1, max_size=50),
)
def test_whatever_is_sealed_comes_out_the_same(
    vault: Vault, names: tuple[str, str, str], kept: list[KeptSecret], passphrase: str
) -> None:
    owner, name, project = names
    subject = BackupSubject("rehearsal", Repository(owner, name), "j", (project,), ())
    wanted = BackupContents(subject, tuple(kept), None, "1")
    header = vault.seal(wanted, LEASE, [PassphraseKey(Secret(passphrase))])
    assert vault.open(header.id, PassphraseUnlock(Secret(passphrase)), now=NOW) == (header, wanted)
    vault.shred(header.id)
