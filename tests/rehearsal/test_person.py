"""The person of a rehearsal does, by the pages' own forms, what keyless asks people to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import (
    ChangeWorkflow,
    Delivery,
    Origin,
    ProveRelease,
    RegisterPublisher,
    RevokeToken,
    SkippedProof,
)
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher, new_token_page, pending_page, publishing_page, removal_page
from keyless.model.workflow import FileChange
from keyless.rehearsal.github import pulls, repositories, runs, state
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.person import PageRefused, Person
from keyless.rehearsal.releases import bump, next_version
from keyless.rehearsal.services import Services
from keyless.rehearsal.store import Store
from keyless.rehearsal.world import load
from keyless.rehearsal.world_file import read_world

SHAP = Repository("shap-like", "shap")
PUBLISHER = Publisher("shap-like", "shap", "release.yml", "release")
WORKFLOW = ".github/workflows/release.yml"


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store()
    yield made
    made.close()


def person(store: Store, folder: Path, world: str = "shap-like", login: str | None = None) -> Person:
    services = Services(store, folder)
    loaded = asyncio.run(load(services, read_world(world)))
    return Person(services, loaded, login or loaded.operator)


def conclusions(who: Person, repository: Repository, ids: tuple[int, ...]) -> list[str]:
    document = repositories.repository(who.services.store, repository.owner, repository.name)
    return [runs.find_run(who.services.store, document["id"], one)["conclusion"] for one in ids]


def site(who: Person, index: Index = Index.PYPI) -> str:
    return who.services.addresses.index(index).site


def trusted(text: bytes) -> bytes:
    """SHAP-like's workflow as keyless would leave it."""
    kept = [line for line in text.decode().splitlines() if "_API_TOKEN" not in line and "user: __token__" not in line]
    new = "\n".join(kept).replace(
        "    runs-on: ubuntu-latest\n", "    runs-on: ubuntu-latest\n    permissions:\n      id-token: write\n"
    )
    return new.replace("release/v1\n        with:\n", "release/v1\n        with:\n          verbose: true\n").encode()


def propose(who: Person) -> int:
    store = who.services.store
    text = state.tree(store, "shap-like", "shap", "main")[WORKFLOW]
    state.create_branch(store, "shap-like", "shap", "keyless", {WORKFLOW: trusted(text)})
    document = repositories.repository(store, "shap-like", "shap")
    pull = pulls.create(store, document, head="keyless", base="main", title="t", body="", by="nadia")
    return int(pull["number"])


def test_the_prefilled_form_registers_exactly_that_publisher(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    asyncio.run(who.register_publisher(publishing_page(site(who), "shap-like", PUBLISHER)))
    (row,) = index_state.publishers(store, Index.PYPI, "shap-like")
    found = (row["owner"], row["repository"], row["workflow"], row["environment"])
    assert found == ("shap-like", "shap", "release.yml", "release")


def test_the_same_publisher_twice_is_one_publisher(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    link = publishing_page(site(who), "shap-like", PUBLISHER)
    asyncio.run(who.register_publisher(link))
    asyncio.run(who.register_publisher(link))
    assert len(index_state.publishers(store, Index.PYPI, "shap-like")) == 1


def test_a_form_with_a_wrong_field_is_refused_in_the_pages_words(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    wrong = Publisher("shap-like", "shap", "release.txt", None)
    with pytest.raises(PageRefused, match="must end with"):
        asyncio.run(who.register_publisher(publishing_page(site(who), "shap-like", wrong)))
    assert index_state.publishers(store, Index.PYPI, "shap-like") == []


def test_a_pending_publisher_is_filled_in_by_hand(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    asyncio.run(who.register_pending_publisher(pending_page(site(who)), "brand-new", PUBLISHER))
    assert [row["project"] for row in index_state.pending_publishers(store, Index.PYPI)] == ["brand-new"]


def test_the_removal_link_kills_that_token_and_no_other(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    other = index_state.create_token(store, Index.PYPI, "nadia", None, "another")
    doomed = who.world.token("release").identifier
    asyncio.run(who.remove_token(removal_page(site(who), doomed)))
    assert index_state.token(store, Index.PYPI, doomed) is None
    assert index_state.token(store, Index.PYPI, index_state.token_identifier(other)) is not None


def test_a_removal_link_to_nothing_is_refused(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    link = removal_page(site(who), "00000000-0000-0000-0000-000000000000")
    with pytest.raises(PageRefused, match="no token"):
        asyncio.run(who.remove_token(link))
    assert len(index_state.tokens_of(store, Index.PYPI, "nadia")) == 1


def test_the_new_token_page_issues_a_token_for_its_project(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    token = asyncio.run(who.issue_token(new_token_page(site(who), "shap-like")))
    another = asyncio.run(who.issue_token(new_token_page(site(who), "shap-like")))
    body = index_state.token(store, Index.PYPI, index_state.token_identifier(token))
    assert body["project"] == "shap-like"
    assert len(token) > 200
    assert another != token


def test_a_wrong_password_opens_nothing(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    index_state.change_account(store, Index.PYPI, "nadia", password="another")
    with pytest.raises(PageRefused, match="login"):
        asyncio.run(who.issue_token(new_token_page(site(who), "shap-like")))


def test_a_link_to_elsewhere_is_not_followed(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    with pytest.raises(UsageError, match="nowhere"):
        asyncio.run(who.remove_token("https://pypi.org/manage/account/#remove-API-token--x"))


def test_releases_by_token_go_on_where_history_ended(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    assert conclusions(who, SHAP, asyncio.run(who.release(SHAP, Index.TESTPYPI))) == ["success"]
    assert conclusions(who, SHAP, asyncio.run(who.release(SHAP, Index.PYPI))) == ["success"]
    newest = index_state.files(store, Index.TESTPYPI, "shap-like")[-1]
    assert newest["version"] == "0.46.1rc1"
    assert {file["version"] for file in index_state.files(store, Index.PYPI, "shap-like")} >= {"0.46.1"}
    assert not newest["trusted"]


def test_the_whole_way_by_hand_ends_with_attested_releases_and_a_dead_token(store: Store, tmp_path: Path) -> None:
    """Publishers, merge, a release on each index without any secret left, the token removed: all by one person."""
    who = person(store, tmp_path)
    for index, environment in ((Index.PYPI, "release"), (Index.TESTPYPI, None)):
        publisher = Publisher("shap-like", "shap", "release.yml", environment)
        asyncio.run(who.register_publisher(publishing_page(site(who, index), "shap-like", publisher)))
    asyncio.run(who.merge(SHAP, propose(who)))
    for name in ("PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"):
        state.delete_secret(store, "repository", "shap-like", "shap", None, name)
    for index in (Index.TESTPYPI, Index.PYPI):
        assert conclusions(who, SHAP, asyncio.run(who.release(SHAP, index))) == ["success"]
        newest = max(index_state.files(store, index, "shap-like"), key=lambda file: file["uploaded_at"])
        assert newest["has_provenance"]
    asyncio.run(who.remove_token(removal_page(site(who), who.world.token("release").identifier)))
    assert index_state.token(store, Index.PYPI, who.world.token("release").identifier) is None


def test_a_plans_steps_are_carried_out_by_whoever_can(store: Store, tmp_path: Path) -> None:
    """Sam, who is nobody on PyPI, sees Tove register the publisher and remove the token."""
    who = person(store, tmp_path, "two-people")
    publisher = Publisher("harbour", "beacon", "release.yml", "pypi")
    identifier = who.world.token("toves").identifier
    steps = [
        RegisterPublisher("r", Index.PYPI, "harbour-beacon", publisher, pending=False),
        ProveRelease("p", Index.PYPI, "harbour-beacon", publisher, Grade.ATTESTED, ".github/workflows/release.yml"),
        RevokeToken("t", Index.PYPI, identifier, "PYPI_TOKEN", None, Origin.SHOWN),
    ]
    assert [asyncio.run(who.carry_out(step)) for step in steps] == [True, True, True]
    assert index_state.publishers(store, Index.PYPI, "harbour-beacon")
    assert index_state.token(store, Index.PYPI, identifier) is None
    assert not asyncio.run(who.carry_out(SkippedProof("s", Index.PYPI, "harbour-beacon", "why")))


def test_a_local_change_is_committed_as_it_lies_in_the_folder(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path)
    before = state.tree(store, "shap-like", "shap", "main")[WORKFLOW]
    change = FileChange(WORKFLOW, before, trusted(before))
    written = tmp_path / "checkout" / WORKFLOW
    written.parent.mkdir(parents=True)
    written.write_bytes(change.after)
    head = state.head(store, "shap-like", "shap", "main")
    folder = str(tmp_path / "checkout")
    step = ChangeWorkflow("c", SHAP, "main", head, "main", (change,), Delivery.LOCAL, folder)
    assert asyncio.run(who.carry_out(step))
    assert state.tree(store, "shap-like", "shap", "main")[WORKFLOW] == change.after
    assert not asyncio.run(who.carry_out(step))


def test_a_new_token_comes_from_the_projects_owner(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path, "two-people")
    token = asyncio.run(who.new_token_for(Index.PYPI, "harbour-beacon"))
    assert index_state.token(store, Index.PYPI, index_state.token_identifier(token))["user"] == "tove"


def test_in_a_monorepo_the_project_is_named_and_only_it_is_released(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path, "monorepo")
    repository = Repository("tidewater", "tidewater")
    with pytest.raises(UsageError, match="which project"):
        asyncio.run(who.release(repository, Index.PYPI, version="9.9"))
    ids = asyncio.run(who.release(repository, Index.PYPI, project="tidewater-cli"))
    assert conclusions(who, repository, ids) == ["success"]
    assert {file["version"] for file in index_state.files(store, Index.PYPI, "tidewater-cli")} == {"1.1.0", "1.1.1"}
    assert {file["version"] for file in index_state.files(store, Index.PYPI, "tidewater")} == {"2.3.0"}


def test_the_wrong_publisher_shows_when_the_token_is_taken_away(store: Store, tmp_path: Path) -> None:
    who = person(store, tmp_path, "wrong-publisher")
    repository = Repository("lena", "paperclip")
    state.delete_secret(store, "repository", "lena", "paperclip", None, "PYPI_KEY")
    ids = asyncio.run(who.release(repository, Index.PYPI))
    assert conclusions(who, repository, ids) == ["failure"]
    document = repositories.repository(store, "lena", "paperclip")
    job = runs.jobs(store, document["id"], ids[0], 1)[0]
    assert any("invalid-publisher" in said["message"] for said in runs.annotations_of(store, job["id"]))


@pytest.mark.parametrize(
    ("version", "rehearse", "following"),
    [
        ("1.2.3", False, "1.2.4"),
        ("1.2.3", True, "1.2.4rc1"),
        ("1.2.4rc1", True, "1.2.4rc2"),
        ("1.2.4rc2", False, "1.2.4"),
        ("7", False, "8"),
        ("0.9", True, "0.10rc1"),
    ],
)
def test_the_next_version(version: str, rehearse: bool, following: str) -> None:
    assert next_version(version, rehearse=rehearse) == following


def test_bumping_touches_the_version_and_nothing_else() -> None:
    text = b"[project]\nname = 'a'\nversion = '1.0'  # now\n\n[tool.x]\nversion = \"9\"\n"
    assert bump({"pyproject.toml": text}, "1.1") == {"pyproject.toml": text.replace(b"'1.0'", b'"1.1"')}
    dynamic = b"[project]\nname = 'a'\ndynamic = ['version']\n[tool.x]\nversion = '9'\n"
    assert bump({"pyproject.toml": dynamic}, "2") == {"version": b"2\n"}
