"""The vault: backups of one realm in one folder."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from keyless import files
from keyless.errors import KeylessError, UsageError
from keyless.model.backup import BackupContents, BackupHeader, KeptSecret, Lease
from keyless.model.backup_file import SUFFIX, id_of
from keyless.model.realm import Realm
from keyless.vault import cipher, envelope, kdf, slots
from keyless.vault.envelope import Envelope
from keyless.vault.folder import Folder, export_file, file_name, is_id, read_file
from keyless.vault.kdf import Cost
from keyless.vault.keys import Key, Unlock
from keyless.vault.refusal import Reason, Refusal
from keyless.vault.slots import Wrapped

_ID_BYTES = 8
Announce: TypeAlias = Callable[[BackupHeader, str], None]
"""Told what a backup's file is about to become, with the sha256 of its bytes, before anything is written."""

# ruff: noqa: A002  # `id` is the word of this room's interface


class Vault:
    """Seals, opens and destroys backups. `cost` is what a passphrase's derivation takes; a rehearsal's is the least."""

    def __init__(self, folder: Path, realm: Realm, *, cost: Cost | None = None) -> None:
        self.realm = realm
        self.cost = cost or (kdf.FLOOR if realm is Realm.REHEARSAL else kdf.DEFAULT)
        kdf.check(self.cost)
        self._folder = Folder(folder)

    def seal(self, contents: BackupContents, lease: Lease, keys: Sequence[Key]) -> BackupHeader:
        """Write a backup that each of `keys` opens. Returns only once it was read again from the disk and opened.

        Raises UsageError for no key, an empty passphrase or a lease that ends before it begins; FolderRefused or
        StorageTrouble when it cannot be written. In all of these nothing is left behind.
        """
        self._check_order(contents, lease, keys)
        new = secrets.token_hex(_ID_BYTES)
        data_key = secrets.token_bytes(cipher.KEY_BYTES)
        wrapped = [slots.wrap(key, data_key, new, self.cost) for key in keys]
        bare = Envelope(new, contents.subject, lease, tuple(each.slot for each in wrapped), b"")
        sealed = envelope.seal(bare, data_key, contents)
        name = file_name(new, contents.subject, lease)
        try:
            self._folder.write(name, envelope.to_bytes(sealed), replace=False)
            self._confirm(name, sealed, data_key, contents, wrapped)
        except BaseException:
            with suppress(KeylessError):  # what failed first is what is said
                self._folder.destroy(new)
            raise
        return sealed.header

    def _check_order(self, contents: BackupContents, lease: Lease, keys: Sequence[Key]) -> None:
        if contents.subject.realm != self.realm.value:
            raise UsageError(
                f"A backup of the realm {contents.subject.realm!a} has no place among '{self.realm.value}'."
            )
        if not 1 <= len(keys) <= slots.MOST:
            raise UsageError(
                f"A backup takes 1 to {slots.MOST} keys, not {len(keys)}.", hint="Give a passphrase or a recipient."
            )
        _check_lease(lease)

    def _confirm(
        self, name: str, sealed: Envelope, data_key: bytes, contents: BackupContents, wrapped: Sequence[Wrapped]
    ) -> None:
        """Read the file again from the disk and open it by every new key; believe nothing that is in memory."""
        found = envelope.from_bytes(self._folder.read(name))
        same = found == sealed and envelope.open_(found, data_key) == contents
        if not same or not all(slots.opens(each.slot, each.trial, data_key, found.id) for each in wrapped):
            raise files.StorageTrouble(
                f"The backup {name} reads differently from what was written.", hint="Choose a folder on another disk."
            )

    def open(
        self, where: str | Path, unlock: Unlock, *, now: datetime, past_expiry: bool = False
    ) -> tuple[BackupHeader, BackupContents]:
        """Open a backup by its id or path. Raises Refusal (exit 14): whatever is wrong, the file is not touched.

        `now` (UTC) is the latest time that anything stated; the moment of sealing counts as seen too. `past_expiry`
        opens an expired one: only for an operator who said so in so many words.
        """
        found, _, contents = self._opened(where, unlock, now, past_expiry=past_expiry)
        return found.header, contents

    def header(self, where: str | Path) -> BackupHeader:
        """Return what a backup says of itself, by its id or path: a claim, until it was opened."""
        return self._load(where).header

    def list(self) -> tuple[BackupHeader, ...]:
        """Return the headers of all backups that can be read, in order of their file names."""
        found = (self._attempt(name) for name in self._folder.names())
        return tuple(header for header in found if isinstance(header, BackupHeader))

    def unreadable(self) -> tuple[tuple[Path, KeylessError], ...]:
        """Return the files in the folder that `list` leaves out, and why."""
        found = ((name, self._attempt(name)) for name in self._folder.names())
        return tuple((self._folder.path / name, what) for name, what in found if isinstance(what, KeylessError))

    def _attempt(self, name: str) -> BackupHeader | KeylessError:
        try:
            return self._judged(self._folder.read(name), name).header
        except KeylessError as error:
            return error

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all backups, by the names of their files alone: nothing is read."""
        return tuple(dict.fromkeys(found for found in map(id_of, self._folder.names()) if found is not None))

    def recipients(self, where: str | Path) -> tuple[str, ...]:
        """Return the public texts of the recipients that a backup claims to be sealed for, by its id or path."""
        return slots.recipients(self._load(where).slots)

    def path(self, id: str) -> Path:
        """Return where a backup lies. Raises Refusal when there is none."""
        return self._folder.path / self._folder.name(id)

    def holds(self, id: str) -> bool:
        """Whether there is a file for this backup. Raises Refusal when the folder cannot be read."""
        try:
            self._folder.name(id)
        except Refusal as error:
            if error.reason is not Reason.MISSING:
                raise
            return False
        return True

    def digest(self, id: str) -> str:
        """Return the sha256, in hex, of a backup's file."""
        return hashlib.sha256(self._folder.read(self._folder.name(id))).hexdigest()

    def export(self, id: str, to: Path) -> None:
        """Copy a backup to a path where nothing is yet; the copy serves alone, on any machine."""
        name = self._folder.name(id)
        data = self._folder.read(name)
        self._judged(data, name)
        export_file(to, data)

    def import_(self, source: Path) -> BackupHeader:
        """Take a file into the vault without opening it. The same one again is fine; another of the same id is not."""
        data = read_file(source)
        found = self._judged(data)
        name = file_name(found.id, found.subject, found.lease)
        try:
            there = self._folder.read(self._folder.name(found.id))
        except Refusal as error:
            if error.reason is not Reason.MISSING:
                raise
            self._folder.write(name, data, replace=False)
            there = self._folder.read(name)
        if there != data:
            raise Refusal(Reason.DAMAGED, f"The vault has another file for the backup {found.id}, and keeps it.")
        return found.header

    def extend(
        self,
        id: str,
        unlock: Unlock,
        lease: Lease,
        *,
        past_expiry: bool = False,
        secrets: Sequence[KeptSecret] | None = None,
        announce: Announce | None = None,
    ) -> BackupHeader:
        """Give a backup another lease, longer or shorter; `lease.issued_at` is the present. Its keys stay as they are.

        `secrets` replaces what it keeps, because the index's own limit in a narrowed token does not move by itself.
        Raises Refusal for an expired one unless `past_expiry`.
        """
        _check_lease(lease)
        found, data_key, contents = self._opened(id, unlock, lease.issued_at, past_expiry=past_expiry)
        kept = contents if secrets is None else dataclasses.replace(contents, secrets=tuple(secrets))
        return self._rewrite(dataclasses.replace(found, lease=lease), data_key, kept, (), announce)

    def add_key(
        self, id: str, unlock: Unlock, key: Key, *, now: datetime, announce: Announce | None = None
    ) -> BackupHeader:
        """Let one more key open a backup."""
        found, data_key, contents = self._opened(id, unlock, now)
        if len(found.slots) == slots.MOST:
            raise UsageError(f"A backup takes at most {slots.MOST} keys.", hint="Remove one first.")
        wrapped = slots.wrap(key, data_key, id, self.cost)
        added = dataclasses.replace(found, slots=(*found.slots, wrapped.slot))
        return self._rewrite(added, data_key, contents, (wrapped,), announce)

    def remove_key(
        self, id: str, unlock: Unlock, number: int, *, now: datetime, announce: Announce | None = None
    ) -> BackupHeader:
        """Take away the key slot `number` (from 0, in the header's order); the last one stays."""
        found, data_key, contents = self._opened(id, unlock, now)
        if not 0 <= number < len(found.slots) or len(found.slots) == 1:
            raise UsageError(
                f"The backup has {len(found.slots)} keys, and one must stay.", hint="See `keyless backup show`."
            )
        left = found.slots[:number] + found.slots[number + 1 :]
        return self._rewrite(dataclasses.replace(found, slots=left), data_key, contents, (), announce)

    def shred(self, id: str) -> None:
        """Destroy a backup: its wrapped keys first, then all of it. One that is gone already is fine.

        Zeros are written over the file; a disk that journals, copies on write or levels wear may still hold the old
        bytes, which then are worth what their keys are worth.
        """
        if not is_id(id):
            raise Refusal(Reason.MISSING, f"{id!a} is no id of a backup.")
        self._folder.destroy(id)

    def _load(self, where: str | Path) -> Envelope:
        if isinstance(where, str) and is_id(where):
            name = self._folder.name(where)
            return self._judged(self._folder.read(name), name)
        return self._judged(read_file(Path(where)))

    def _judged(self, data: bytes, name: str | None = None) -> Envelope:
        """Return what the bytes hold, once version, form, cost and realm are as they should be."""
        found = envelope.from_bytes(data)
        if name is not None and not name.endswith(f"-{found.id}{SUFFIX}"):
            raise Refusal(Reason.DAMAGED, f"The file {name} holds the backup {found.id}: somebody swapped it.")
        if found.subject.realm != self.realm.value:
            raise Refusal(
                Reason.REALM,
                f"The backup is of the realm {found.subject.realm!a}, and this run is '{self.realm.value}'.",
            )
        return found

    def _opened(
        self, where: str | Path, unlock: Unlock, now: datetime, *, past_expiry: bool = False
    ) -> tuple[Envelope, bytes, BackupContents]:
        found = self._load(where)
        data_key = slots.unwrap(found.slots, unlock, found.id)
        contents = envelope.open_(found, data_key)
        _check_expiry(found.lease, now, past_expiry=past_expiry)
        return found, data_key, contents

    def _rewrite(
        self,
        changed: Envelope,
        data_key: bytes,
        contents: BackupContents,
        wrapped: Sequence[Wrapped],
        announce: Announce | None,
    ) -> BackupHeader:
        """Replace a backup's file in one step, and read it again. If that fails the old bytes go back."""
        name = self._folder.name(changed.id)
        before = self._folder.read(name)
        sealed = envelope.seal(changed, data_key, contents)
        data = envelope.to_bytes(sealed)
        if announce is not None:
            announce(sealed.header, hashlib.sha256(data).hexdigest())
        try:
            self._folder.write(name, data, replace=True)
            self._confirm(name, sealed, data_key, contents, wrapped)
        except BaseException:
            with suppress(KeylessError):  # what failed first is what is said
                self._folder.write(name, before, replace=True)
            raise
        return sealed.header


def _check_lease(lease: Lease) -> None:
    if lease.expires_at <= lease.issued_at:
        raise UsageError("The lease would end before it begins.", hint="Choose a later end.")


def _check_expiry(lease: Lease, now: datetime, *, past_expiry: bool) -> None:
    """Refuse an expired backup. A clock that lies before the sealing is wrong, and the sealing counts as the present."""
    if max(now, lease.issued_at) >= lease.expires_at and not past_expiry:
        raise Refusal(Reason.EXPIRED, f"The backup expired on {lease.expires_at:%Y-%m-%d %H:%M} UTC.")
