"""Why a backup is refused. One class for all reasons, so that nobody can forget one when catching."""

from __future__ import annotations

from enum import Enum

from keyless.errors import BackupRefused


class Reason(Enum):
    """What was found, in the order in which it is looked for."""

    MISSING = "missing"
    NOT_A_BACKUP = "not-a-backup"
    VERSION = "unknown-version"
    DAMAGED = "damaged"
    COST = "key-derivation-out-of-bounds"
    REALM = "other-realm"
    KEY = "wrong-key"
    EXPIRED = "expired"


_HINTS = {
    Reason.MISSING: "See `keyless backup list`.",
    Reason.NOT_A_BACKUP: "Name a file that keyless wrote, or its id.",
    Reason.VERSION: "Update keyless.",
    Reason.DAMAGED: "Use another copy of this file if there is one.",
    Reason.COST: "No keyless writes such a file, so somebody changed it; use another copy.",
    Reason.REALM: "A rehearsal's backup serves in a rehearsal only, and a real one in reality only.",
    Reason.KEY: "Try again; nothing is lost by a wrong one. If it is surely right, the file was changed.",
    Reason.EXPIRED: "Issue a new token on the index, or insist on opening it with --open-expired OWNER/REPO.",
}


class Refusal(BackupRefused):
    """A backup that is not opened. Its file was not touched."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what, untouched="The file was left as it is.", hint=_HINTS[reason])
        self.reason = reason


def damaged(what: str) -> Refusal:
    """Return the refusal of a file whose bytes are not as they were written."""
    return Refusal(Reason.DAMAGED, f"The backup is damaged: {what}.")
