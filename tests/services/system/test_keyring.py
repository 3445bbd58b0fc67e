"""The system's keyring: what is kept is found again, and what cannot be used is one clear error without the secret."""

from __future__ import annotations

import sys
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked, PasswordSetError

from keyless.errors import KeylessError, NotAllowed, UsageError
from keyless.secret import Secret
from keyless.services.system import system_keyring

TEXT = "keyless-identity-1-" + "Q" * 48


class InMemory(KeyringBackend):
    """A keyring as the library knows them."""

    priority = 5.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Forgetful(InMemory):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Forget it."""


class PlainText(InMemory):
    """A backend below what the library recommends."""

    priority = 0.5  # type: ignore[assignment]


class Raising(InMemory):
    """Raises what it is told to, whatever it is asked."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error


@pytest.fixture
def use() -> Any:
    before = keyring.get_keyring()

    def put(backend: KeyringBackend) -> KeyringBackend:
        keyring.set_keyring(backend)
        return backend

    yield put
    keyring.set_keyring(before)


def test_what_is_kept_is_found_and_goes(use: Any) -> None:
    """Removing what is not there is fine: everything can be done twice."""
    backend = use(InMemory())
    system_keyring.keep("name", Secret(TEXT))
    assert system_keyring.find("name") == Secret(TEXT)
    assert system_keyring.find("other") is None
    for _ in range(2):
        system_keyring.remove("name")
    assert backend.kept == {}


@pytest.mark.parametrize(
    "backend",
    [
        NoKeyring(),
        Forgetful(),
        PlainText(),
        Raising(KeyringLocked(TEXT)),
        Raising(PasswordSetError(TEXT)),
        Raising(OSError(5, TEXT)),
        Raising(RuntimeError(TEXT)),
    ],
    ids=lambda backend: type(getattr(backend, "error", backend)).__name__,
)
def test_one_that_cannot_be_used_is_one_clear_error_that_never_shows_the_secret(use: Any, backend: Any) -> None:
    """Absent, locked, without memory, in plain text, or failing in a way of its own."""
    use(backend)
    with pytest.raises(NotAllowed) as refused:
        system_keyring.keep("name", Secret(TEXT))
    assert "keyring" in refused.value.what
    assert "--no-keyring" in refused.value.hint
    assert TEXT not in str(refused.value)
    assert refused.value.__cause__ is None
    assert (
        refused.value.__context__ is None
        or TEXT not in str(refused.value.__context__.args)
        or (refused.value.__suppress_context__)
    )


def test_a_locked_one_says_so(use: Any) -> None:
    use(Raising(KeyringLocked()))
    with pytest.raises(NotAllowed, match="locked"):
        system_keyring.find("name")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError) as refused:
        system_keyring.find("name")
    assert "keyless[keyring]" in refused.value.hint
    assert isinstance(refused.value, KeylessError)
