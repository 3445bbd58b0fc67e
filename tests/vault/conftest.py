"""Backups for the tests of the vault: full contents, cheap keys, and folders that only we may touch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from keyless.model.backup import BackupContents, BackupHeader, BackupSubject, KeptSecret, KeptWorkflow, Lease
from keyless.model.github import Repository, SecretEntry, Selected, Store, StoreKind, Visibility
from keyless.model.index import Index
from keyless.model.realm import Realm
from keyless.model.workflow import FileChange, Hunk
from keyless.secret import Secret
from keyless.vault import PassphraseKey, PassphraseUnlock, Vault
from tests.tokens.conftest import PROJECT_TOKEN, USER_TOKEN

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
LEASE = Lease(NOW, NOW + timedelta(days=14))
LATER = LEASE.expires_at
WIDGET = Repository("acme", "widget")
PASSPHRASE = "correct horse battery staple"
KEY = PassphraseKey(Secret(PASSPHRASE))
UNLOCK = PassphraseUnlock(Secret(PASSPHRASE))


def contents(realm: Realm = Realm.REHEARSAL, *, repository: Repository = WIDGET) -> BackupContents:
    """Return contents in which every field says something."""
    store = Store(StoreKind.ORGANISATION, "acme")
    entry = SecretEntry(store, "PYPI_API_TOKEN", NOW, NOW, Visibility.SELECTED, (Selected(7, repository),))
    user = SecretEntry(Store(StoreKind.ENVIRONMENT, "acme", "widget", "pypi"), "PYPI_USER", NOW, NOW)
    test = SecretEntry(Store(StoreKind.REPOSITORY, "acme", "widget"), "TEST_TOKEN", NOW, NOW)
    hunk = Hunk(3, ("password: x",), (), "the token leaves")
    change = FileChange(".github/workflows/release.yml", b"a: 1\r\n\xff", b"a: 2\n", (hunk,), "b" * 40)
    return BackupContents(
        BackupSubject(
            realm.value, repository, "20261123-0011aabb", ("widget", "gadget"), ("PYPI_API_TOKEN", "PYPI_USER")
        ),
        (
            KeptSecret(entry, PROJECT_TOKEN, True, "shown", Index.PYPI, "5e4a7a2f-0c3b-4f6e-9a1d-8b7c6d5e4f30"),
            KeptSecret(test, USER_TOKEN, False, "believed", Index.TESTPYPI, None),
            KeptSecret(user, None, False, "unknown", None, None),
        ),
        KeptWorkflow((change,), "main", "c" * 40, None),
        "0.1.0",
    )


@dataclass(frozen=True)
class Sealed:
    """A vault with one backup in it."""

    vault: Vault
    header: BackupHeader
    contents: BackupContents

    @property
    def path(self) -> Path:
        return self.vault.path(self.header.id)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Return an empty vault of the rehearsal, whose key derivation is cheap."""
    return Vault(tmp_path / "state" / "backups", Realm.REHEARSAL)


@pytest.fixture
def sealed(vault: Vault) -> Sealed:
    """Return a vault with one backup that `UNLOCK` opens."""
    kept = contents()
    return Sealed(vault, vault.seal(kept, LEASE, [KEY]), kept)
