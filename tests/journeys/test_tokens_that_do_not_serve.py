"""A token whose text was spoilt on its way is no backup: the copy that is kept was tried on the index, not only looked up.

The empty form tells only that the identifier exists, whatever the signature (facts: identity comes before everything).
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from keyless import tokens
from keyless.errors import UsageError
from keyless.journeys.leases import extend
from keyless.model.index import Index
from keyless.model.realm import Realm
from keyless.rehearsal.index.documents import kind
from keyless.rehearsal.index.tokens import delete_token
from keyless.secret import Secret
from keyless.vault import Vault
from tests.staging import Scene

NAMES = {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def token_of(at: Scene, name: str) -> str:
    held = next(held for held in at.world.secrets if held.name == name)
    text = at.world.token(held.token).text
    assert text is not None
    return text.reveal()


def forged(text: str, place: int = -1) -> str:
    """The same token with one bit of its signature turned: every field can be read as before."""
    raw = bytearray(base64.urlsafe_b64decode(text.removeprefix("pypi-") + "=="))
    raw[place] ^= 1
    return "pypi-" + base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")


def give(at: Scene, text: str) -> None:
    at.tokens["env:GIVEN"] = Secret(text)
    at.told["token"] = {"PYPI_API_TOKEN": "env:GIVEN"}


@pytest.fixture
def at(scene: Callable[..., Scene]) -> Scene:
    return scene("shap-like")


@pytest.mark.parametrize("place", [-1, -16, -32])
def test_a_signature_that_is_wrong_by_one_bit_removes_nothing(at: Scene, place: int) -> None:
    """S1: the secret stays until a copy that the index accepts is sealed."""
    spoilt = forged(token_of(at, "PYPI_API_TOKEN"), place)
    assert tokens.read(Secret(spoilt)).identifier == tokens.read(Secret(token_of(at, "PYPI_API_TOKEN"))).identifier
    give(at, spoilt)
    error = at.error(at.migrate)
    assert isinstance(error, UsageError)
    assert "signatures do not match" in str(error)
    assert at.names() == NAMES
    assert at.backups() == []


def test_a_whole_token_is_tried_as_well(at: Scene) -> None:
    at.told["whole-token"] = True
    give(at, forged(token_of(at, "PYPI_API_TOKEN")))
    assert "signatures do not match" in str(at.error(at.migrate))
    assert at.names() == NAMES


def test_trying_leaves_no_trace_on_the_index(at: Scene) -> None:
    """No project, no file, no mail, and "last used" is what it was."""
    give(at, forged(token_of(at, "PYPI_API_TOKEN")))
    seen: dict[str, object] = {}
    at.heard.at["Back up"] = lambda: seen.update(state_of_the_index(at))
    at.error(at.migrate)
    assert len(seen) > 3
    assert state_of_the_index(at) == seen


def state_of_the_index(at: Scene) -> dict[str, object]:
    subjects = ("project", "file", "mail", "event", "token", "account")
    return {f"{index.value} {what}": at.store.all(kind(index, what)) for index in Index for what in subjects}


def test_a_longer_lease_with_a_spoilt_token_is_refused(at: Scene) -> None:
    """The copy in the backup is exchanged only for one that the index accepts."""
    at.migrate()
    spoilt = forged(token_of(at, "PYPI_API_TOKEN"))
    give(at, spoilt)
    at.tokens["env:TEST"] = Secret(token_of(at, "TEST_PYPI_API_TOKEN"))
    at.told["token"]["TEST_PYPI_API_TOKEN"] = "env:TEST"
    at.told |= {"lease": "60", "confirm-backup": True}
    before = at.backups()[0].read_bytes()
    backup = Vault(at.state / "backups", Realm.REHEARSAL).list()[0].id
    error = at.error(lambda: at.work(lambda desk: extend(desk, backup)))
    assert "signatures do not match" in str(error)
    assert at.backups()[0].read_bytes() == before


def test_a_token_that_was_revoked_meanwhile_has_a_way_on_and_the_error_names_it(at: Scene) -> None:
    """The plan says that it is backed up, so another answer needs another plan."""

    def revoked() -> None:
        assert delete_token(at.store, Index.PYPI, tokens.read(Secret(token_of(at, "PYPI_API_TOKEN"))).identifier or "")

    at.heard.at["Back up"] = revoked
    error = at.error(at.migrate)
    assert "does not know this token any more" in str(error)
    assert "--replan --backup PYPI_API_TOKEN=none" in error.hint
    at.told |= {"backup": {"PYPI_API_TOKEN": "none"}, "confirm-no-backup": {"PYPI_API_TOKEN": "shap-like"}}
    at.migrate(replan=True)
    assert at.names() == set()
