"""The trial: whether an index accepts a token for a release that is there, told by a file that it can only refuse."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from keyless import tokens
from keyless.model.index import Index
from keyless.model.token import Life
from keyless.rehearsal.faults import FaultKind
from keyless.rehearsal.index import state
from keyless.secret import Secret
from tests.services.test_indexes import GONE, SDIST, World, serve, world

__all__ = ["world"]


def trial(world: World, token: Secret, project: str = "sample-proj") -> Life:
    return world.do(lambda pypi: pypi.trial(token, project, "1.0")).life


@pytest.fixture
def released(world: World) -> World:
    world.publish(SDIST, days=400)  # older than the fortnight after which no file is taken
    return world


def test_a_token_and_a_narrowed_copy_are_accepted(released: World) -> None:
    """Also for a release to which nothing can be uploaded any more, and nothing is kept of it."""
    token = state.create_token(released.store, Index.PYPI, "ada", None, "release")
    now = released.store.now()
    copy = tokens.narrow(
        token, projects=["sample-proj"], not_before=now - timedelta(hours=1), expires_at=now + timedelta(days=1)
    )
    before = list(released.store.all("pypi-file"))
    assert trial(released, token) is Life.ALIVE
    assert trial(released, copy) is Life.ALIVE
    assert list(released.store.all("pypi-file")) == before


def test_one_that_is_over_or_for_another_project_is_refused(released: World) -> None:
    state.create_project(released.store, Index.PYPI, "other", owners=["ada"])
    token = state.create_token(released.store, Index.PYPI, "ada", None, "release")
    now = released.store.now()
    over = tokens.narrow(
        token, projects=["sample-proj"], not_before=now - timedelta(days=2), expires_at=now - timedelta(days=1)
    )
    assert trial(released, over) is Life.GONE
    elsewhere = tokens.narrow(
        token, projects=["other"], not_before=now - timedelta(days=2), expires_at=now + timedelta(days=1)
    )
    assert trial(released, elsewhere) is Life.GONE


def test_one_of_somebody_else_is_refused(released: World) -> None:
    state.create_account(released.store, Index.PYPI, "bob", "correct horse", "bob@example.org")
    assert trial(released, state.create_token(released.store, Index.PYPI, "bob", None, "release")) is Life.GONE


@pytest.mark.parametrize(
    ("status", "text", "life"),
    [
        (400, "Invalid file extension: Use .tar.gz, .whl or .zip extension.", Life.ALIVE),
        (403, "Invalid API Token: signatures do not match", Life.GONE),
        (403, "The user &#x27;x&#x27; isn&#x27;t allowed to upload to project &#x27;y&#x27;.", Life.GONE),
        (403, GONE, Life.GONE),
        (403, "Read-only mode: Uploads are temporarily disabled.", Life.UNKNOWN),
        (403, "Invalid file extension: no", Life.UNKNOWN),
        (400, "Invalid API Token: no", Life.UNKNOWN),
        (400, "'' is an invalid value for Name.", Life.UNKNOWN),
        (200, "OK", Life.UNKNOWN),
        (302, "Found", Life.UNKNOWN),
        (429, "Too Many Requests", Life.UNKNOWN),
        (500, "", Life.UNKNOWN),
    ],
)
def test_only_the_words_that_tell_are_believed(status: int, text: str, life: Life) -> None:
    """S11: everything else is "could not tell", which removes nothing and refuses nothing by itself."""
    headers = {"Location": "https://elsewhere.example/"}
    answer = httpx.Response(status, text=f"<html>{status} {text}</html>", headers=headers)
    assert serve(lambda _: answer, lambda pypi: pypi.trial(Secret("pypi-x"), "p", "1")).life is life


@pytest.mark.parametrize("kind", list(FaultKind))
def test_no_fault_makes_it_refuse_a_good_token(released: World, kind: FaultKind) -> None:
    token = state.create_token(released.store, Index.PYPI, "ada", None, "release")
    released.break_(kind, "POST", "/legacy/")
    assert trial(released, token) in (Life.UNKNOWN, Life.ALIVE)
