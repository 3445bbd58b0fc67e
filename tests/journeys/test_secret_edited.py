"""Somebody puts another value into a secret after its backup was made: that value is in no backup, and stays until it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyless.errors import StalePlan, UsageError
from keyless.journal import Journal
from keyless.model.index import Index
from keyless.model.plan import BackupChoice, Phase, RevokeToken, SealBackup
from keyless.rehearsal.index import state as index_state
from keyless.secret import Secret
from tests.staging import Killed, Scene

NAMES = {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


@pytest.fixture
def edited(scene: Callable[..., Scene]) -> Scene:
    """The backup is there, the removal is about to begin, and the PyPI secret gets another token."""
    at = scene("shap-like", confirm_rollback=True)

    def gone() -> None:
        raise Killed

    at.heard.at["Remove"] = gone
    with pytest.raises(Killed):
        at.migrate()
    at.edit_secret("PYPI_API_TOKEN", "whatever it is")
    assert isinstance(at.error(at.migrate), StalePlan)
    return at


def new_token(at: Scene) -> Secret:
    token = index_state.create_token(at.store, Index.PYPI, "nadia", "shap-like", "another")
    at.tokens["env:NEW"] = token
    at.told["token"] = {"PYPI_API_TOKEN": "env:NEW"}
    return token


def test_planned_anew_its_new_token_is_asked_for(edited: Scene) -> None:
    """S1: without it nothing goes, whatever was answered before."""
    edited.answers = False
    edited.told["confirm-plan"] = True
    error = edited.error(lambda: edited.migrate(replan=True))
    assert isinstance(error, UsageError)
    assert "--token-from" in str(error)
    assert edited.names() == NAMES
    assert any("PYPI_API_TOKEN" in line and "changed" in line for line in edited.heard.warnings)


def test_the_new_token_comes_back_and_both_are_revoked_in_the_end(edited: Scene) -> None:
    """The backup of the old one stays until the old one is dead, too (S9)."""
    new_token(edited)
    edited.migrate(replan=True)
    assert edited.names() == set()
    sealed = [step for step in edited.plan().steps if isinstance(step, SealBackup)]
    assert [item.choice for item in sealed[-1].items] == [BackupChoice.TOKEN]
    edited.store.advance(60)
    edited.release()
    edited.finish()
    revoked = [step for step in edited.plan(Phase.FINISH).steps if isinstance(step, RevokeToken)]
    assert len({step.identifier for step in revoked}) == 3
    with edited.journal() as journal:
        assert all(one.shredded_at for j in journal.journeys() for one in journal.backups(j.id))


def test_rolled_back_it_gets_its_new_token(edited: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = new_token(edited)
    edited.migrate(replan=True)
    put: dict[str, Secret] = {}
    from keyless.services.github import GitHubService

    plain = GitHubService.put_secret

    async def listen(self: GitHubService, store: object, name: str, value: Secret, **more: object) -> None:
        put[name] = value
        await plain(self, store, name, value, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(GitHubService, "put_secret", listen)
    edited.rollback()
    from keyless import tokens

    assert tokens.read(put["PYPI_API_TOKEN"]).identifier == tokens.read(wanted).identifier
    assert isinstance(edited.journal(), Journal)
