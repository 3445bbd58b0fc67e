"""Look one secret up in its store, so that steps judge by what is there and never by a reply."""

from __future__ import annotations

from keyless.errors import NotAllowed
from keyless.model.github import SecretEntry, Store
from keyless.model.reading import Found, Missing, Unreadable
from keyless.services.ports import GitHub


async def look_up(github: GitHub, store: Store, name: str) -> SecretEntry | None:
    """Return the entry called `name`, or None when the store was read and has none.

    Raises NotAllowed when the store cannot be read: that never counts as absent (S11).
    """
    match await github.secrets(store):
        case Found(entries):
            return next((entry for entry in entries if entry.name.upper() == name.upper()), None)
        case Missing():
            # An environment that is gone has taken its secrets with it.
            return None
        case Unreadable(because=because, permission=permission):
            raise NotAllowed(
                f"The secrets of {store} could not be read: {because}.",
                hint=f"The GitHub token needs '{permission}'." if permission else "Run `keyless doctor`.",
            )
