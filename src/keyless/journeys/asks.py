"""What steps ask for while they run, put to the operator through the one table of questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from keyless.model.github import Repository, SecretEntry
from keyless.model.index import Index
from keyless.model.plan import BackupChoice, BackupItem, RestoreSecret
from keyless.model.publisher import new_token_page
from keyless.model.realm import Addresses
from keyless.observer import Observer
from keyless.operators.base import Operator, ask_names, ask_secret, ask_text, ask_yes
from keyless.operators.question import Question
from keyless.operators.questions import question
from keyless.planning.candidates import store_key
from keyless.secret import Secret
from keyless.steps.keyring import keyring_key, keyring_unlock
from keyless.vault import IdentityUnlock, Key, PassphraseKey, PassphraseUnlock, RecipientKey, Unlock


class OperatorAsks:
    """The passphrase is asked for once in a run; a token each time that one is needed.

    `given` says whether an answer stands ready, so that nobody is asked for a key that few have.
    """

    def __init__(
        self,
        operator: Operator,
        addresses: Addresses,
        observer: Observer,
        repository: Repository,
        given: Callable[[Question], bool],
    ) -> None:
        self._operator = operator
        self._addresses = addresses
        self._observer = observer
        self._repository = repository
        self._unlock: Unlock | None = None
        self._given = given

    async def token(self, item: BackupItem) -> Secret:
        """Ask for the token of a secret; for a new one, say first where to issue it."""
        if item.choice is BackupChoice.NEW_TOKEN:
            self._where_to_issue(item.index or Index.PYPI, item.projects)
        return await ask_secret(self._operator, question("token"), about_secret(item.entry))

    async def token_again(self, item: BackupItem, because: str) -> Secret | None:
        """Say why a token cannot serve, and ask a person for another; a script has only the one."""
        if not self._operator.interactive:
            return None
        self._observer.warning(because)
        return await ask_secret(self._operator, question("token"), about_secret(item.entry))

    async def keys(self) -> Sequence[Key]:
        """Return the recipients that were named, otherwise the passphrase."""
        recipients = await ask_names(self._operator, question("recipients"), {})
        keys: list[Key] = [RecipientKey(public) for public in recipients]
        if not keys:
            keys.append(PassphraseKey(await ask_secret(self._operator, question("passphrase"), {})))
        if await ask_yes(self._operator, question("keyring"), {}):
            keys.append(keyring_key())
        return keys

    async def unlock(self, recipients: Sequence[str]) -> Unlock:
        """Return what opens the backup that was sealed for `recipients` (and perhaps for a passphrase)."""
        if self._unlock is None:
            about = {"repository": str(self._repository)}
            unlock = await ask_unlock(self._operator, self._given, recipients, about)
            if unlock.lasting:
                self._unlock = unlock.key
            return unlock.key
        return self._unlock

    async def open_expired(self) -> bool:
        """Ask a person; a script has to have said it beforehand."""
        row = question("open-expired")
        if not self._operator.interactive and not self._given(row):
            return False
        await ask_text(self._operator, row, {"repository": str(self._repository)})
        return True

    async def token_to_restore(
        self, step: RestoreSecret, because: str, index: Index, projects: Sequence[str]
    ) -> Secret:
        """Say why the backup cannot give a token, where to issue one, and ask for it."""
        self._observer.warning(f"{step.entry.name}: {because}.")
        self._where_to_issue(index, projects)
        return await ask_secret(self._operator, question("token"), about_secret(step.entry))

    async def removed_unseen(self, secret: str, because: str) -> bool:
        """Ask whether a token that nobody can identify was removed."""
        self._observer.warning(because)
        about = {"secret": secret, "place": secret, "index": "PyPI"}
        return await ask_yes(self._operator, question("token-revoked"), about)

    def _where_to_issue(self, index: Index, projects: Sequence[str]) -> None:
        site = self._addresses.index(index).site
        page = new_token_page(site, projects[0]) if projects else f"{site}/manage/account/token/"
        self._observer.link(f"Issue a new token for this project only, on {index.label}", page)


@dataclass(frozen=True, slots=True)
class Opener:
    """What opens a backup; `lasting`: other backups may open with it as well, so it is asked for once."""

    key: Unlock
    lasting: bool


async def ask_unlock(
    operator: Operator, given: Callable[[Question], bool], recipients: Sequence[str], about: Mapping[str, str]
) -> Opener:
    """Return what opens a backup: a private key or passphrase that was given, the keyring's key, or what is typed."""
    if given(question("identity")):
        return Opener(IdentityUnlock(await ask_secret(operator, question("identity"), about)), lasting=True)
    if not given(question("unlock-passphrase")) and await ask_yes(operator, question("keyring"), {}):
        return Opener(keyring_unlock(recipients), lasting=False)
    return Opener(PassphraseUnlock(await ask_secret(operator, question("unlock-passphrase"), about)), lasting=True)


def about_secret(entry: SecretEntry) -> dict[str, str]:
    """Return the words of questions about one secret: its name, and its name with its store."""
    return {"secret": entry.name, "place": f"{entry.name}@{store_key(entry)}", "store": str(entry.store)}
