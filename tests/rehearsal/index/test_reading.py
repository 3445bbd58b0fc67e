"""What anybody may read: simple API, JSON API, Integrity API, files."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from keyless.rehearsal.index import state
from keyless.rehearsal.index.answers import negotiate
from tests.rehearsal.index.world import RELEASE, SIMPLE

WHEEL = state.wheel("sampleproj", "1.0")
SDIST = state.sdist("sampleproj", "1.0")
PROVENANCE = {"version": 1, "attestation_bundles": []}
INTEGRITY = f"/integrity/sampleproj/1.0/{WHEEL[0]}/provenance"


def publish(world, artefact=WHEEL, **more):
    return state.publish_file(world.store, world.index, "sampleproj", artefact, **more)


def simple(world, name="sampleproj"):
    return world.ask("GET", f"/simple/{name}/", headers={"Accept": SIMPLE})


def test_the_simple_api_tells_each_files_hash_size_time_and_provenance(world):
    at = datetime(2025, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    publish(world, at=at, provenance=PROVENANCE)
    publish(world, SDIST, at=at)
    answer = simple(world)
    wheel, sdist = (next(f for f in answer.json()["files"] if f["filename"] == name) for name, _ in (WHEEL, SDIST))
    assert answer.headers["content-type"] == SIMPLE
    assert answer.json()["versions"] == ["1.0"]
    assert wheel["hashes"] == {"sha256": hashlib.sha256(WHEEL[1]).hexdigest()}
    assert (wheel["size"], wheel["upload-time"], wheel["yanked"]) == (
        len(WHEEL[1]),
        "2025-01-02T03:04:05.000678Z",
        False,
    )
    assert wheel["provenance"] == f"https://index.rehearsal{INTEGRITY}"
    assert sdist["provenance"] is None


def test_a_file_and_its_metadata_can_be_fetched(world):
    publish(world)
    entry = simple(world).json()["files"][0]
    path = entry["url"].removeprefix("https://index.rehearsal")
    assert world.ask("GET", path).content == WHEEL[1]
    metadata = world.ask("GET", f"{path}.metadata").content
    assert hashlib.sha256(metadata).hexdigest() == entry["core-metadata"]["sha256"]
    assert world.ask("GET", "/packages/aa/bb/cc/none.whl").status_code == 404


def test_the_simple_page_is_html_when_nothing_else_is_asked_for(world):
    publish(world)
    answer = world.ask("GET", "/simple/sampleproj/")
    assert answer.headers["content-type"].startswith("text/html")
    assert f"#sha256={hashlib.sha256(WHEEL[1]).hexdigest()}" in answer.text


def test_every_project_stands_in_the_simple_index(world):
    answer = world.ask("GET", "/simple/", headers={"Accept": SIMPLE})
    assert [entry["name"] for entry in answer.json()["projects"]] == ["sampleproj"]


def test_another_spelling_is_redirected_and_an_unknown_name_is_plainly_not_found(world):
    state.create_project(world.store, world.index, "Sample.Proj_2", ["ada"])
    answer = simple(world, "Sample.Proj_2")
    assert (answer.status_code, answer.headers["location"]) == (301, "/simple/sample-proj-2/")
    missing = simple(world, "nothing")
    assert (missing.status_code, missing.text, missing.headers["content-type"]) == (
        404,
        "404 Not Found",
        "text/plain; charset=utf-8",
    )


def test_a_yanked_file_says_so_with_its_reason(world):
    publish(world)
    state.yank(world.store, world.index, "sampleproj", "1.0", "<broken>")
    assert simple(world).json()["files"][0]["yanked"] == "<broken>"
    assert 'data-yanked="&lt;broken&gt;"' in world.ask("GET", "/simple/sampleproj/").text


def test_the_json_api_tells_digests_and_owners(world):
    state.set_role(world.store, world.index, "sampleproj", "mallory", state.MAINTAINER)
    publish(world)
    body = world.ask("GET", "/pypi/sampleproj/json").json()
    assert body["ownership"]["roles"] == [{"user": "ada", "role": "Owner"}, {"user": "mallory", "role": "Maintainer"}]
    assert body["urls"][0]["digests"]["sha256"] == hashlib.sha256(WHEEL[1]).hexdigest()
    assert body["urls"][0]["upload_time_iso_8601"].endswith("Z")
    assert body["info"]["version"] == "1.0"
    assert "provenance" not in body["urls"][0]


def test_the_json_api_shows_the_newest_final_release_that_is_not_yanked(world):
    for version in ("1.9", "1.10", "2.0rc1", "1.11"):
        publish(world, state.wheel("sampleproj", version))
    state.yank(world.store, world.index, "sampleproj", "1.11")
    body = world.ask("GET", "/pypi/sampleproj/json").json()
    assert body["info"]["version"] == "1.10"
    assert list(body["releases"]) == ["2.0rc1", "1.11", "1.10", "1.9"]


def test_one_release_can_be_asked_for_in_any_spelling_of_its_version(world):
    publish(world)
    body = world.ask("GET", "/pypi/sampleproj/1.0.0/json").json()
    assert body["info"]["version"] == "1.0"
    assert "releases" not in body


@pytest.mark.parametrize("path", ["/pypi/nothing/json", "/pypi/sampleproj/json", "/pypi/sampleproj/9/json"])
def test_the_json_api_says_not_found_in_json(world, path):
    """A project without a release is not found either."""
    answer = world.ask("GET", path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_the_integrity_api_gives_the_provenance(world):
    publish(world, provenance=PROVENANCE)
    answer = world.ask("GET", INTEGRITY)
    assert answer.json() == PROVENANCE
    assert answer.headers["content-type"] == "application/vnd.pypi.integrity.v1+json"
    assert answer.headers["cache-control"] == "max-age=600, public"


def test_no_provenance_and_no_file_are_different_answers(world):
    publish(world)
    without = world.ask("GET", INTEGRITY)
    assert (without.status_code, without.json()) == (404, {"message": f"No provenance available for {WHEEL[0]}"})
    for path in (INTEGRITY.replace("/1.0/", "/2.0/"), INTEGRITY.replace("none-any", "none-win32")):
        missing = world.ask("GET", path)
        assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_the_integrity_api_speaks_json_only(world):
    publish(world, provenance=PROVENANCE)
    assert world.ask("GET", INTEGRITY, headers={"Accept": "application/json"}).status_code == 200
    answer = world.ask("GET", INTEGRITY, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()) == (406, {"message": "Request not acceptable"})


def test_disabled_attestations_are_forbidden(world):
    publish(world, provenance=PROVENANCE)
    state.set_switches(world.store, world.index, attestations_disabled=True)
    answer = world.ask("GET", INTEGRITY)
    assert (answer.status_code, answer.json()) == (403, {"message": "Attestations temporarily disabled"})


def test_provenance_can_go_missing_and_come_back(world):
    publish(world, provenance=PROVENANCE)
    state.set_switches(world.store, world.index, no_provenance=True)
    assert simple(world).json()["files"][0]["provenance"] is None
    assert world.ask("GET", INTEGRITY).status_code == 404
    state.set_switches(world.store, world.index, no_provenance=False)
    assert world.ask("GET", INTEGRITY).status_code == 200


def test_provenance_can_be_replaced(world):
    publish(world)
    other = {"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": []}]}
    state.set_provenance(world.store, world.index, "sampleproj", WHEEL[0], other)
    assert world.ask("GET", INTEGRITY).json() == other


def test_an_index_that_is_down_answers_nothing_else(world):
    publish(world)
    state.set_switches(world.store, world.index, down=True)
    for path in ("/simple/sampleproj/", "/manage/account/", "/_/oidc/audience"):
        assert world.ask("GET", path).status_code == 503
    assert world.upload(world.user_token()).status_code == 503


def test_a_slow_index_takes_its_time(world, monkeypatch):
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("keyless.rehearsal.index.app.asyncio.sleep", sleep)
    state.set_switches(world.store, world.index, slow=1.5)
    assert world.ask("GET", "/simple/").status_code == 200
    assert waited == [1.5]


def test_answers_carry_the_rehearsals_time(world):
    world.store.advance(timedelta(days=40).total_seconds())
    stated = parsedate_to_datetime(world.ask("GET", "/simple/").headers["date"])
    assert abs(stated - world.store.now()) < timedelta(seconds=5)


def test_the_project_page_says_how_each_file_was_uploaded(world):
    identifier = state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    publish(world, user="ada")
    publish(world, SDIST, publisher=identifier)
    sections = world.ask("GET", "/project/sampleproj/").text.split("<section")[1:]
    said = {name: next(part for part in sections if f'id="{name}"' in part) for name in (WHEEL[0], SDIST[0])}
    assert "Uploaded using Trusted Publishing? No" in said[WHEEL[0]]
    assert "Uploaded using Trusted Publishing? Yes" in said[SDIST[0]]


def test_publishing_the_same_file_twice_is_refused(world):
    publish(world)
    with pytest.raises(state.Refused, match="File already exists"):
        publish(world)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "a/x"),
        ("*/*", "a/x"),
        ("b/y", "b/y"),
        ("a/x;q=0.1, b/y", "b/y"),
        ("a/*;q=0.2, b/y;q=0.1", "a/x"),
        ("c/z", None),
        ("a/x;q=0, c/z", None),
        ("a/x;q=nonsense", None),
    ],
)
def test_the_best_liked_offer_is_chosen(accept, chosen):
    assert negotiate(accept, ("a/x", "b/y")) == chosen
