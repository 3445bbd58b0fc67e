"""Worlds that are alive: a world file put into the store of the simulated services, with its history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keyless.errors import UsageError
from keyless.model import codec
from keyless.rehearsal.runner.job import Services
from keyless.rehearsal.store import Document, Store
from keyless.rehearsal.world_facts import LoadedWorld

if TYPE_CHECKING:
    from keyless.rehearsal.world_file import WorldFile

_KEPT = ("world", "loaded")
_DAY = 86_400
_HOUR_BEFORE = 3_600


async def load(services: Services, world: WorldFile) -> LoadedWorld:
    """Build `world` in the services' store, let its history happen, and return what its people know.

    Raises UsageError when the file contradicts itself, or when the store holds a world already.
    """
    from keyless.rehearsal import world_build as build

    store = services.store
    if loaded(store) is not None:
        raise UsageError(
            "This rehearsal has a world already.", hint="Start a new one in another folder, or go on with this one."
        )
    with _time_passes(store, [past.days_ago for past in world.history]) as until:
        people = build.people(store, world)
        build.repositories(store, world)
        build.projects(store, world)
        tokens = build.tokens(store, world)
        held = build.secrets(store, world, {token.name: token for token in tokens})
        known = build.known(world, people, tokens, held)
        for publisher in world.publishers:
            build.publisher(store, publisher)
        for past in sorted(world.history, key=lambda one: -one.days_ago):
            until(past.days_ago)
            await build.happen(services, known, past)
    store.put(*_KEPT, {"world": codec.encode(known, reveal=True)})
    return known


def loaded(store: Store) -> LoadedWorld | None:
    """Return the world that a store holds, also after a restart, or None."""
    kept = store.get(*_KEPT)
    return None if kept is None else codec.decode(LoadedWorld, kept["world"])


def summary(store: Store) -> Document:
    """Return the world's people, passwords and tokens as plain JSON, for whoever drives a served rehearsal."""
    known = loaded(store)
    if known is None:
        return {}
    people: Document = {}
    for person in known.people:
        accounts = {one.index.value: {"user": one.user, "password": one.password.reveal()} for one in person.accounts}
        token = person.github_token.reveal() if person.github_token else None
        people[person.login] = {"name": person.name, "github_token": token, **accounts}
    tokens = {
        token.name: {
            "index": token.index.value,
            "user": token.user,
            "project": token.project,
            "identifier": token.identifier,
            "text": token.text.reveal() if token.text else None,
        }
        for token in known.tokens
    }
    return {
        "name": known.name,
        "title": known.title,
        "story": known.story,
        "operator": known.operator,
        "migrate": [str(one) for one in known.migrate],
        "repositories": [str(one) for one in known.repositories],
        "people": people,
        "tokens": tokens,
        "secrets": [{"store": str(one.store), "name": one.name, "token": one.token} for one in known.secrets],
    }


@contextmanager
def _time_passes(store: Store, days: list[float]) -> Iterator[Callable[[float], None]]:
    """Go back to before the first of `days` ago; the function given moves on to each; at the end it is now again."""

    def ahead() -> float:
        return (store.now() - datetime.now(UTC)).total_seconds()

    present = ahead()

    def until(days_ago: float) -> None:
        store.advance(present - days_ago * _DAY - ahead())

    until(max(days, default=0) + _HOUR_BEFORE / _DAY)
    try:
        yield until
    finally:
        until(0)
