"""Worlds: every shipped one loads, is what its story says, and survives a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from keyless.errors import UsageError
from keyless.model.github import Repository, Store, StoreKind
from keyless.model.index import Index
from keyless.rehearsal.github import repositories, runs, state
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.services import Services
from keyless.rehearsal.store import Store as RehearsalStore
from keyless.rehearsal.world import load, loaded, summary
from keyless.rehearsal.world_facts import LoadedWorld
from keyless.rehearsal.world_file import parse_world, read_world, shipped

WORLDS = ("lost-token", "monorepo", "organisation", "shap-like", "two-people", "wrong-publisher")


@dataclass(frozen=True)
class Alive:
    services: Services
    world: LoadedWorld

    def runs(self, repository: Repository) -> list[tuple[str, str]]:
        document = repositories.repository(self.services.store, repository.owner, repository.name)
        found = reversed(runs.listed(self.services.store, document["id"]))
        return [(run["event"], run["conclusion"]) for run in found]

    def secret(self, store: Store, name: str) -> str | None:
        return state.secret_value(
            self.services.store, store.kind, store.owner, store.repository, store.environment, name
        )


@pytest.fixture
def store() -> Iterator[RehearsalStore]:
    made = RehearsalStore()
    yield made
    made.close()


def alive(name: str, store: RehearsalStore, folder: Path) -> Alive:
    services = Services(store, folder)
    return Alive(services, asyncio.run(load(services, read_world(name))))


def test_all_worlds_are_shipped() -> None:
    assert set(shipped()) >= set(WORLDS)


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_what_it_says(name: str, store: RehearsalStore, tmp_path: Path) -> None:
    """Its history went well, its secrets hold the tokens named, its people exist, and it is itself after a restart."""
    made = alive(name, store, tmp_path)
    assert len(made.world.story.split()) > 30
    for repository in made.world.repositories:
        history = made.runs(repository)
        assert history
        assert {conclusion for _, conclusion in history} == {"success"}
    for held in made.world.secrets:
        token = made.world.token(held.token or "")
        value = index_state.token_value(store, token.index, token.identifier).reveal()
        assert made.secret(held.store, held.name) == value
        assert len(value) > 170
        assert made.world.token_in(held.store, held.name.lower()) == token
    assert made.world.person(made.world.operator).github_token is not None
    assert loaded(store) == made.world


@pytest.mark.parametrize("name", WORLDS)
def test_past_releases_went_by_token_and_lie_in_the_past(name: str, store: RehearsalStore, tmp_path: Path) -> None:
    alive(name, store, tmp_path)
    now = store.now()
    files = [
        file
        for index in Index
        for one in index_state.projects(store, index)
        for file in index_state.files(store, index, one["name"])
    ]
    assert sum(not file["trusted"] for file in files) >= 4
    assert all(file["uploaded_at"] < (now - timedelta(days=5)).isoformat() for file in files)


def test_time_is_now_again_after_the_history(store: RehearsalStore, tmp_path: Path) -> None:
    before = store.now()
    alive("shap-like", store, tmp_path)
    assert timedelta(seconds=-1) <= store.now() - before < timedelta(seconds=20)


def test_the_organisations_two_moved_projects_are_attested(store: RehearsalStore, tmp_path: Path) -> None:
    made = alive("organisation", store, tmp_path)
    newest = {}
    for body in index_state.projects(store, Index.PYPI):
        files = index_state.files(store, Index.PYPI, body["name"])
        newest[body["name"]] = max(files, key=lambda file: file["uploaded_at"])["has_provenance"]
    assert newest == {"nw-lantern": False, "nw-anchor": False, "nw-compass": True, "nw-sextant": True}
    (held,) = made.world.secrets
    assert held.store == Store(StoreKind.ORGANISATION, "northwind")


def test_a_lost_token_is_known_by_name_only(store: RehearsalStore, tmp_path: Path) -> None:
    made = alive("lost-token", store, tmp_path)
    token = made.world.token("forgotten")
    assert token.text is None
    assert token.identifier
    assert summary(store)["tokens"]["forgotten"]["text"] is None


def test_the_wrong_publisher_has_the_wrong_file_name(store: RehearsalStore, tmp_path: Path) -> None:
    alive("wrong-publisher", store, tmp_path)
    (row,) = index_state.publishers(store, Index.PYPI, "paperclip-tools")
    assert row["workflow"] == "release.yml"
    assert ".github/workflows/publish.yaml" in state.tree(store, "lena", "paperclip", "main")


def test_of_two_people_each_has_only_one_half(store: RehearsalStore, tmp_path: Path) -> None:
    made = alive("two-people", store, tmp_path)
    assert made.world.person("sam").accounts == ()
    document = repositories.repository(store, "harbour", "beacon")
    assert repositories.role_of(store, document, "sam") == "admin"
    assert repositories.role_of(store, document, "tove") == "write"


def test_the_summary_is_json_and_holds_what_a_driver_needs(store: RehearsalStore, tmp_path: Path) -> None:
    made = alive("shap-like", store, tmp_path)
    told = json.loads(json.dumps(summary(store)))
    assert told["people"]["nadia"]["pypi"] == {"user": "nadia", "password": "practice makes perfect"}
    assert told["people"]["nadia"]["github_token"].startswith("ghp_")
    assert told["tokens"]["release"]["text"] == made.world.token("release").text.reveal()
    assert told["migrate"] == ["shap-like/shap"]
    assert made.world.token("release").text.reveal() not in repr(made.world)


def test_the_operator_is_told_what_to_say_and_about_what(store: RehearsalStore, tmp_path: Path) -> None:
    world = alive("two-libraries", store, tmp_path).world
    assert world.told("testpypi", {"repository": "nadia/tinyplot"}) == ("skip",)
    assert world.told("testpypi", {"repository": "nadia/shap"}) == ("prove",)
    assert world.told("testpypi", {"repository": "other/other"}) is None
    assert world.told("window", {}) is None


def test_an_empty_store_holds_no_world(store: RehearsalStore) -> None:
    assert loaded(store) is None
    assert summary(store) == {}


def test_a_second_world_in_one_store_is_refused(store: RehearsalStore, tmp_path: Path) -> None:
    made = alive("lost-token", store, tmp_path)
    with pytest.raises(UsageError, match="already"):
        asyncio.run(load(made.services, read_world("shap-like")))


MINIMAL = """\
version: 1
name: small
title: Small
story: Nothing happens.
operator: ann
migrate: [ann/a]
people: {ann: {pypi: {user: ann}}}
repositories: {ann/a: {}}
projects: {a: {pypi: [ann]}}
"""


def test_a_world_of_ones_own_is_read_from_its_file(store: RehearsalStore, tmp_path: Path) -> None:
    path = tmp_path / "small.yml"
    path.write_text(MINIMAL)
    services = Services(store, tmp_path)
    world = asyncio.run(load(services, read_world(path)))
    assert world.person("ann").account(Index.PYPI).user == "ann"
    with pytest.raises(UsageError, match="no account on TestPyPI"):
        world.person("ann").account(Index.TESTPYPI)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("version: 1", "version: 2"), "version"),
        (("title: Small", "title: Small\ntitel: x"), "titel"),
        (("operator: ann", ""), "operator"),
        (("ann/a: {}", "ann: {}"), "repositories"),
        (("ann/a: {}", "ann/a: {members: {ann: boss}}"), "members"),
        (("version: 1", "version: [1"), "not YAML"),
    ],
)
def test_a_world_that_is_not_right_is_refused_by_its_place(change: tuple[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_world(MINIMAL.replace(*change).encode(), "small.yml")


@pytest.mark.parametrize(
    "change",
    [
        ("operator: ann", "operator: bob"),
        ("migrate: [ann/a]", "migrate: [ann/b]"),
        ("projects:", "secrets: [{name: T, token: unknown, repository: ann/a}]\nprojects:"),
        ("projects:", "secrets: [{name: T, value: x}]\nprojects:"),
        ("projects:", "history: [{days_ago: 1, repository: ann/a, by: ann, version: '1'}]\nprojects:"),
    ],
)
def test_a_world_that_contradicts_itself_is_refused(
    change: tuple[str, str], store: RehearsalStore, tmp_path: Path
) -> None:
    world = parse_world(MINIMAL.replace(*change).encode(), "small.yml")
    with pytest.raises(UsageError):
        asyncio.run(load(Services(store, tmp_path), world))


def test_a_world_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="shap-like"):
        read_world("nowhere")
