"""keyless's own reading of an index and of tokens, against the server's side that was written apart from it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from keyless.model.index import Index
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.token import Life, Scope
from keyless.rehearsal.index import state
from keyless.rehearsal.services import Services
from keyless.services.indexes import IndexService
from keyless.tokens import narrow, read
from tests.rehearsal.index.world import RELEASE, reason

WHEEL = state.wheel("sampleproj", "1.0")


class Clock:
    def __init__(self, store):
        self.store = store

    def now(self):
        return self.store.now()

    def saw(self, moment, source=""):
        self.seen = moment

    async def sleep(self, seconds):
        self.store.advance(seconds)


def ask(world, folder: Path, what):
    """Run `what(service)` with keyless's own service over the index in process."""

    async def run():
        services = Services(world.store, folder)
        service = IndexService(Index.PYPI, services.addresses, Clock(world.store), services.transport())
        async with service:
            return await what(service)

    return asyncio.run(run())


def test_keyless_reads_what_the_index_issued(world):
    account, narrow_token = world.user_token(), world.user_token(project="sampleproj", description="narrow")
    cards = [read(account), read(narrow_token)]
    assert [card.scope for card in cards] == [Scope.ACCOUNT, Scope.PROJECTS]
    assert [card.identifier for card in cards] == [
        state.token_identifier(account),
        state.token_identifier(narrow_token),
    ]
    assert cards[0].user_id == state.account(world.store, world.index, "ada")["id"]
    assert cards[1].projects == ("sampleproj",)
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    assert read(world.minted()).scope is Scope.MINTED


def test_a_copy_that_keyless_narrowed_works_until_its_end_and_for_its_project_only(world):
    state.create_project(world.store, world.index, "other", ["ada"])
    now = world.store.now()
    copy = narrow(world.user_token(), projects=["SampleProj"], not_before=now, expires_at=now + timedelta(days=14))
    assert world.upload(copy, WHEEL).status_code == 200
    answer = world.upload(copy, state.wheel("other", "1.0"), name="other")
    assert reason(answer) == "403 Invalid API Token: project-scoped token is not valid for project: 'other'"
    world.store.advance(timedelta(days=14).total_seconds() + 1)
    late = world.upload(copy, state.wheel("sampleproj", "1.1"), version="1.1")
    assert reason(late) == "403 Invalid API Token: token is expired"


@pytest.mark.parametrize(
    ("switches", "deleted", "life"),
    [
        ({}, False, Life.ALIVE),
        ({}, True, Life.GONE),
        ({"read_only": True}, False, Life.UNKNOWN),
        ({"uploads_disabled": True}, True, Life.UNKNOWN),
    ],
)
def test_keylesss_probe_tells_alive_from_gone_and_says_when_it_cannot(world, tmp_path, switches, deleted, life):
    token = world.user_token()
    if deleted:
        state.delete_token(world.store, world.index, state.token_identifier(token))
    state.set_switches(world.store, world.index, **switches)
    before = [body["name"] for body in state.projects(world.store, world.index)]
    assert ask(world, tmp_path, lambda service: service.probe(token)).life is life
    assert [body["name"] for body in state.projects(world.store, world.index)] == before
    if not deleted:
        assert world.last_used(token) is None


def test_keyless_reads_releases_and_tells_no_provenance_from_no_file(world, tmp_path):
    row = state.publish_file(world.store, world.index, "sampleproj", WHEEL)
    found = ask(world, tmp_path, lambda service: service.versions("SampleProj"))
    assert isinstance(found, Found)
    (file,) = found.value[0].files
    assert (file.filename, file.sha256, file.size, file.has_provenance) == (
        WHEEL[0],
        row["sha256"],
        len(WHEEL[1]),
        False,
    )
    none = ask(world, tmp_path, lambda service: service.provenance("sampleproj", "1.0", WHEEL[0]))
    gone = ask(world, tmp_path, lambda service: service.provenance("sampleproj", "1.0", "nothing.whl"))
    assert isinstance(none, Missing)
    assert isinstance(gone, Unreadable)
