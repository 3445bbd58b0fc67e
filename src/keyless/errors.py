"""Every error that a user may meet: what happened, what was left untouched, what to do next, and the exit code.

Exit codes are listed in docs/exit-codes.md. Any exception that is not a `KeylessError` and escapes is a bug (code 1).
"""

from __future__ import annotations

from typing import ClassVar

NOTHING = "Nothing was changed."
# Where the pages of docs/ will be read. It has to be the project's own address before the first release.
DOCS = "https://github.com/keyless-publishing/keyless/blob/main/docs"


class KeylessError(Exception):
    """The root. Raised where the fact is known, shown once by the command line.

    `what` says what happened, `untouched` what was left as it was, `hint` what to do next: each one sentence, none of
    them ever with a token in it. `page` is the page in docs/ that explains more.
    """

    exit_code: ClassVar[int] = 1
    page: ClassVar[str] = "exit-codes.md"

    def __init__(self, what: str, *, hint: str = "", untouched: str = NOTHING) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.untouched = untouched

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.untouched, self.hint) if part)


class UsageError(KeylessError):
    """The command, a flag or a file given by the user is not what it should be."""

    exit_code = 2


class QuestionUnanswered(UsageError):
    """Nobody can be asked and a question is open: names the flag and the playbook key that answer it."""

    def __init__(self, identifier: str, *, asks: str, flag: str, key: str, given_with: str) -> None:
        super().__init__(
            f"The question '{identifier}' is open ({asks}) and there is nobody to ask.",
            hint=f"Answer it with {given_with}.",
        )
        self.identifier, self.flag, self.key = identifier, flag, key


class NoTerminal(UsageError):
    """A question needs a terminal and there is none."""


class OperatorStopped(KeylessError):
    """The operator said stop: Ctrl-C, Ctrl-D, or 'no' where only 'yes' goes on."""

    exit_code = 3


class NotAllowed(KeylessError):
    """Not authenticated, or a permission is missing: the message names it, the step that needs it and its page."""

    exit_code = 4


class NotProven(KeylessError):
    """No evidence of the grade that the gate asks for."""

    exit_code = 10


class Locked(KeylessError):
    """Another run holds the lock: the message names it."""

    exit_code = 11


class StalePlan(KeylessError):
    """The world moved after the plan was made; nothing was touched after that was seen."""

    exit_code = 12


class StillReferenced(KeylessError):
    """Something that can still run reads the secret, or may."""

    exit_code = 13


class BackupRefused(KeylessError):
    """A backup is expired, damaged, for something else, of an unknown version, or the key is wrong."""

    exit_code = 14


class NeedsAttention(KeylessError):
    """Overdue, or drifted from what was reached."""

    exit_code = 20


class TryLater(KeylessError):
    """A service is down or limits us, or something outside is awaited. The same command goes on from here.

    `retry_at` is the moment (UTC, ISO 8601) from which it makes sense, when the service said so.
    """

    exit_code = 75

    def __init__(self, what: str, *, hint: str = "", untouched: str = NOTHING, retry_at: str | None = None) -> None:
        super().__init__(what, hint=hint, untouched=untouched)
        self.retry_at = retry_at
