"""The system's keyring, where there is one: an optional extra (`keyless[keyring]`), imported only when it is asked for.

What is kept in it is named by what is public about it, so nothing else has to be remembered to find it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from keyless.errors import NotAllowed, UsageError
from keyless.secret import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")
SERVICE: Final = "keyless backup"
"""The name under which the keyring's own programs show what keyless keeps in it."""
_SAFE: Final = 1
"""The least priority that the keyring library recommends; below are backends that write plain text, or nothing."""
_UNTOUCHED: Final = "Nothing was changed."
_INSTEAD: Final = "Or go on without it: --no-keyring, and a passphrase."


def keep(name: str, secret: Secret) -> None:
    """Put a secret into the keyring and read it again. Raises UsageError or NotAllowed where there is no usable one."""
    backend = _backend()
    _ask(lambda: backend.set_password(SERVICE, name, secret.reveal()))
    if find(name) != secret:
        raise NotAllowed("The keyring gives back something else than was put into it.", hint=_INSTEAD)


def find(name: str) -> Secret | None:
    """Return the secret of this name, or None when a keyring that can be read has none."""
    backend = _backend()
    found = _ask(lambda: backend.get_password(SERVICE, name))
    return None if found is None else Secret(found)


def remove(name: str) -> None:
    """Take a secret out of the keyring; none of that name is fine."""
    if find(name) is not None:
        backend = _backend()
        _ask(lambda: backend.delete_password(SERVICE, name))


def _backend() -> KeyringBackend:
    try:
        import keyring
    except ImportError:
        raise UsageError(
            "The keyring is used through a library that is not installed.",
            hint=f"Install it: pip install 'keyless[keyring]'. {_INSTEAD}",
        ) from None
    backend = _ask(keyring.get_keyring)
    if backend.priority < _SAFE:
        raise NotAllowed(
            "There is no keyring on this machine that keeps a secret safely.", hint=_INSTEAD, untouched=_UNTOUCHED
        )
    return backend


def _ask(call: Callable[[], T]) -> T:
    """Return what the keyring says. Its backends raise whatever their systems raise, and none of it is shown."""
    from keyring.errors import KeyringLocked

    try:
        return call()
    except KeyringLocked:
        what, hint = "The keyring is locked.", f"Unlock it, then run the same command again. {_INSTEAD}"
    except Exception as error:  # noqa: BLE001  # a backend's text may quote what it was given
        what, hint = f"The keyring cannot be used ({type(error).__name__}).", _INSTEAD
    raise NotAllowed(what, hint=hint, untouched=_UNTOUCHED)
