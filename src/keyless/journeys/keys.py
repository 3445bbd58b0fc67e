"""backup key add, remove, list: who can open a backup. The last key stays, and every new one is tried before it counts."""

from __future__ import annotations

from keyless.errors import BackupRefused, UsageError
from keyless.journeys.desk import Desk
from keyless.journeys.leases import Bench, bench
from keyless.model.backup import BackupHeader
from keyless.model.text import counted
from keyless.operators.base import ask_names, ask_secret
from keyless.operators.questions import question
from keyless.steps.keyring import in_keyring, keyring_key
from keyless.vault import Key, PassphraseKey, PassphraseUnlock, RecipientKey, Unlock

_OLD_COPIES = "Copies of the file that were made before still open with what they opened with then."


async def add_key(desk: Desk, backup: str, *, keyring: bool, dry_run: bool = False) -> BackupHeader | None:
    """Let one more key open a backup: a recipient, this machine's keyring, or a passphrase. None after a dry run.

    One that opens it already is not added again (S5): a run that was killed may have come that far.
    """
    with bench(desk, backup) as at:
        unlock = await at.unlock()
        header, _ = desk.vault.open(backup, unlock, now=desk.clock.now())
        recipients = await ask_names(at.operator, question("recipients"), {})
        if keyring + len(recipients) > 1:
            raise UsageError("One key is added at a time.", hint="Run the command once for each.")
        if dry_run:
            desk.observer.note(f"One more key would open backup {backup}.")
            return None
        await at.confirm()
        key = await _new_key(at, recipients, keyring=keyring)
        if key is None:
            desk.observer.note(f"Backup {backup} opens with that key already.")
            return header
        return at.rewrite(
            lambda announce: desk.vault.add_key(backup, unlock, key, now=desk.clock.now(), announce=announce)
        )


async def _new_key(at: Bench, recipients: tuple[str, ...], *, keyring: bool) -> Key | None:
    """Return the key to add, None where the backup opens with it already."""
    known = at.desk.vault.recipients(at.backup)
    if recipients:
        return None if recipients[0] in known else RecipientKey(recipients[0])
    if not keyring:
        passphrase = await ask_secret(at.operator, question("new-passphrase"), {})
        return None if _opens(at, PassphraseUnlock(passphrase)) else PassphraseKey(passphrase)
    if in_keyring(known):
        return None
    if at.journey is not None:  # so that the key is taken out of the keyring when the backup is destroyed
        at.desk.journal.answer(at.journey, "keyring", value=True, now=at.desk.clock.now())
    return keyring_key()


def _opens(at: Bench, unlock: Unlock) -> bool:
    try:
        at.desk.vault.open(at.backup, unlock, now=at.desk.clock.now())
    except BackupRefused:
        return False
    return True


async def remove_key(desk: Desk, backup: str, number: int, *, dry_run: bool = False) -> BackupHeader | None:
    """Take one key away by its number in `list` (from 1). Raises UsageError for the last. None after a dry run."""
    with bench(desk, backup) as at:
        unlock = await at.unlock()
        header, _ = desk.vault.open(backup, unlock, now=desk.clock.now())
        if not 1 <= number <= len(header.slots) or len(header.slots) == 1:
            raise UsageError(
                f"The backup has {counted(len(header.slots), 'key')}, numbered from 1, and one must stay.",
                hint=f"See `keyless backup key list {backup}`.",
                untouched="The backup was left as it is.",
            )
        desk.observer.note(f"Backup {backup} would not open any more with key {number}: {header.slots[number - 1]}.")
        if dry_run:
            return None
        await at.confirm()
        left = at.rewrite(
            lambda announce: desk.vault.remove_key(backup, unlock, number - 1, now=desk.clock.now(), announce=announce)
        )
        desk.observer.warning(_OLD_COPIES)
        return left
