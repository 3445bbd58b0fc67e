"""What could not be read, as the error that ends a run: a missing permission is mended by a person, the rest by time."""

from __future__ import annotations

from keyless.errors import KeylessError, NotAllowed, TryLater
from keyless.model.reading import Unreadable


def unread(what: str, reading: Unreadable) -> KeylessError:
    """Return the error for `what` (a plural that begins a sentence)."""
    if reading.permission:
        return NotAllowed(
            f"{what} could not be read: {reading.because}.",
            hint=f"The GitHub token needs '{reading.permission}'; `keyless doctor` says what it has.",
        )
    return TryLater(
        f"{what} could not be read: {reading.because}.",
        hint="Run the same command again later; `keyless doctor` says what can be reached.",
    )
