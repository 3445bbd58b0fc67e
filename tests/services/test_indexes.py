"""Releases, provenance and the probe, on the simulated PyPI and on hand-made answers."""

from __future__ import annotations

import asyncio
import base64
import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from keyless.errors import UsageError
from keyless.model.index import Index
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.realm import REAL
from keyless.model.token import Life
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.rehearsal.index import state
from keyless.rehearsal.services import Services
from keyless.rehearsal.store import Store
from keyless.secret import Secret
from keyless.services.indexes import IndexService
from keyless.services.seen import Seen
from tests.services.clocks import StandingClock
from tests.services.github.worlds import ADDRESSES

SDIST = state.sdist("sample-proj", "1.0")
WHEEL = state.wheel("sample-proj", "1.0")
NEWER = state.wheel("sample-proj", "2.0rc1")
PROVENANCE = {"version": 1, "attestation_bundles": []}
GONE = (
    "Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth for more information."
)


class World:
    """PyPI and TestPyPI with ada's project sample-proj on each, through the real HTTP paths."""

    def __init__(self, folder: Path) -> None:
        self.store = Store()
        self.services = Services(self.store, folder)
        self.clock = StandingClock(self.store.now())
        for index in Index:
            state.create_account(self.store, index, "ada", "correct horse", "ada@example.org")
            state.create_project(self.store, index, "Sample_Proj", owners=["ada"])

    def do(self, action, index=Index.PYPI):
        async def run():
            service = IndexService(index, self.services.addresses, self.clock, self.services.transport())
            async with service as pypi:
                self.asked = pypi
                return await action(pypi)

        return asyncio.run(run())

    def publish(self, artefact, days=0, **more):
        at = self.store.now() - timedelta(days=days)
        return state.publish_file(self.store, Index.PYPI, "sample-proj", artefact, user="ada", at=at, **more)

    def break_(self, kind, method="*", path="*", times=-1, **more):
        set_fault(self.store, Fault(kind, "pypi", method, path, times, **more))


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.close()


def serve(handle, action, index=Index.PYPI, addresses=ADDRESSES):
    async def run():
        async with IndexService(index, addresses, StandingClock(), httpx.MockTransport(handle)) as pypi:
            return await action(pypi)

    return asyncio.run(run())


def test_releases_come_newest_first_with_all_files_in_one_request(world):
    world.publish(SDIST, days=20)
    world.publish(WHEEL, days=20, provenance=PROVENANCE)
    world.publish(NEWER, days=1)
    found = world.do(lambda pypi: pypi.versions("Sample.Proj")).value
    assert [release.version for release in found] == ["2.0rc1", "1.0"]
    assert [file.filename for file in found[1].files] == sorted([SDIST[0], WHEEL[0]])
    assert {file.filename: file.has_provenance for file in found[1].files} == {SDIST[0]: False, WHEEL[0]: True}
    assert all(file.uploaded_at.tzinfo and len(file.sha256) == 64 and file.size for file in found[1].files)
    assert world.asked.requests == 1


def test_a_yanked_release_says_so(world):
    world.publish(WHEEL)
    state.yank(world.store, Index.PYPI, "sample-proj", "1.0")
    (release,) = world.do(lambda pypi: pypi.versions("sample-proj")).value
    assert [file.yanked for file in release.files] == [True]


def test_a_project_without_files_has_no_releases(world):
    assert world.do(lambda pypi: pypi.versions("sample-proj")) == Found(())


def test_a_project_that_the_index_does_not_know_is_missing(world):
    assert isinstance(world.do(lambda pypi: pypi.versions("nothing")), Missing)


def test_pypi_and_testpypi_are_two_worlds(world):
    world.publish(WHEEL)
    assert world.do(lambda pypi: pypi.versions("sample-proj"), Index.TESTPYPI) == Found(())


def test_provenance_comes_as_the_index_gave_it(world):
    world.publish(WHEEL, provenance=PROVENANCE)
    found = world.do(lambda pypi: pypi.provenance("sample-proj", "1.0", WHEEL[0]))
    assert b"attestation_bundles" in found.value


def test_a_file_without_provenance_is_missing_it_for_certain(world):
    world.publish(WHEEL)
    assert isinstance(world.do(lambda pypi: pypi.provenance("sample-proj", "1.0", WHEEL[0])), Missing)


def test_a_file_that_is_not_there_is_not_a_file_without_provenance(world):
    reading = world.do(lambda pypi: pypi.provenance("sample-proj", "1.0", "nothing-1.0.tar.gz"))
    assert isinstance(reading, Unreadable)
    assert "no such file" in reading.because


def test_an_index_with_attestations_switched_off_is_unreadable(world):
    world.publish(WHEEL, provenance=PROVENANCE)
    state.set_switches(world.store, Index.PYPI, attestations_disabled=True)
    reading = world.do(lambda pypi: pypi.provenance("sample-proj", "1.0", WHEEL[0]))
    assert isinstance(reading, Unreadable)
    assert "switched" in reading.because


def test_html_where_json_was_due_is_unreadable():
    page = httpx.Response(200, html="<html>just a moment</html>")
    assert isinstance(serve(lambda _: page, lambda pypi: pypi.provenance("a", "1", "a-1.zip")), Unreadable)
    assert isinstance(serve(lambda _: page, lambda pypi: pypi.versions("a")), Unreadable)


@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.value)
def test_a_fault_for_ever_is_unreadable_and_never_missing_provenance(world, kind):
    world.publish(WHEEL, provenance=PROVENANCE)
    world.break_(kind, "GET", "/integrity/*")
    reading = world.do(lambda pypi: pypi.provenance("sample-proj", "1.0", WHEEL[0]))
    # Half a document of 200 is the verifier's to refuse: the bytes are what the index gave.
    assert isinstance(reading, Unreadable) or kind is FaultKind.MALFORMED_JSON
    assert not isinstance(reading, Missing)


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.NOT_FOUND], ids=lambda k: k.value)
def test_a_fault_for_ever_makes_releases_unreadable(world, kind):
    world.publish(WHEEL)
    world.break_(kind, "GET", "/simple/*")
    assert isinstance(world.do(lambda pypi: pypi.versions("sample-proj")), Unreadable)


def test_a_fault_that_passes_is_not_noticed(world):
    world.publish(WHEEL)
    world.break_(FaultKind.UNAVAILABLE, "GET", "/simple/*", times=2)
    assert isinstance(world.do(lambda pypi: pypi.versions("sample-proj")), Found)
    assert world.clock.slept == [0.5, 1.0]


def test_a_living_token_is_alive_and_nothing_is_created(world):
    token = state.create_token(world.store, Index.PYPI, "ada", "sample-proj", "release")
    before = state.history(world.store, Index.PYPI, "sample-proj")
    assert world.do(lambda pypi: pypi.probe(token)).life is Life.ALIVE
    assert state.history(world.store, Index.PYPI, "sample-proj") == before


def test_a_deleted_token_is_gone(world):
    token = state.create_token(world.store, Index.PYPI, "ada", None, "release")
    state.delete_token(world.store, Index.PYPI, state.token_identifier(token))
    assert world.do(lambda pypi: pypi.probe(token)).life is Life.GONE


def test_a_token_of_the_other_index_is_gone_there(world):
    token = state.create_token(world.store, Index.PYPI, "ada", None, "release")
    assert world.do(lambda pypi: pypi.probe(token), Index.TESTPYPI).life is Life.GONE


@pytest.mark.parametrize("switch", ["read_only", "uploads_disabled", "down"])
def test_an_index_that_takes_no_uploads_cannot_tell(world, switch):
    token = state.create_token(world.store, Index.PYPI, "ada", None, "release")
    state.set_switches(world.store, Index.PYPI, **{switch: True})
    probe = world.do(lambda pypi: pypi.probe(token))
    assert probe.life is Life.UNKNOWN
    assert probe.because


@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.value)
def test_no_fault_makes_a_probe_tell_what_is_not_so(world, kind):
    token = state.create_token(world.store, Index.PYPI, "ada", None, "release")
    world.break_(kind, "POST", "/legacy/")
    assert world.do(lambda pypi: pypi.probe(token)).life in (Life.UNKNOWN, Life.ALIVE)


@pytest.mark.parametrize(
    ("status", "text", "life"),
    [
        (400, "'' is an invalid value for Name. Error: This field is required. See https://pypi.org/…", Life.ALIVE),
        (400, "&#x27;&#x27; is an invalid value for Name. Error: This field is required.", Life.ALIVE),
        (403, GONE, Life.GONE),
        (400, "Bad Request", Life.UNKNOWN),
        (400, GONE, Life.UNKNOWN),
        (403, "Invalid API Token: token is expired", Life.UNKNOWN),
        (403, "Read-only mode: Uploads are temporarily disabled.", Life.UNKNOWN),
        (403, "New user registration temporarily disabled", Life.UNKNOWN),
        (403, "Access denied by your company", Life.UNKNOWN),
        (200, "OK", Life.UNKNOWN),
        (401, GONE, Life.UNKNOWN),
        (301, "moved", Life.UNKNOWN),
        (302, "login", Life.UNKNOWN),
        (410, "gone", Life.UNKNOWN),
        (429, "slow down", Life.UNKNOWN),
        (503, "maintenance", Life.UNKNOWN),
    ],
)
def test_a_probe_believes_two_answers_and_no_others(status, text, life):
    headers = {"Location": "https://elsewhere.example/"}
    answer = httpx.Response(status, text=f"<html>{status} {text}</html>", headers=headers)
    assert serve(lambda _: answer, lambda pypi: pypi.probe(Secret("pypi-x"))).life is life


def test_a_probe_is_the_empty_form_with_the_token_to_the_upload_address_only():
    seen = []

    def handle(request):
        seen.append((str(request.url), request.headers["authorization"], request.content))
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/legacy/"})

    serve(handle, lambda pypi: pypi.probe(Secret("pypi-AgEI")), Index.TESTPYPI)
    ((address, authorization, body),) = seen
    assert address == "https://test.pypi.rehearsal/legacy/"
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"__token__:pypi-AgEI"
    assert b'name=":action"' in body
    assert b"file_upload" in body
    assert b'name="protocol_version"' in body
    assert body.count(b"Content-Disposition") == 2


def test_reading_sends_no_credential():
    seen = []

    def handle(request):
        seen.append(request.headers)
        return httpx.Response(404)

    serve(handle, lambda pypi: pypi.versions("a"))
    assert all("authorization" not in headers for headers in seen)


def test_a_real_token_goes_to_https_only():
    insecure = replace(REAL, pypi=replace(REAL.pypi, upload="http://upload.pypi.org/legacy/"))
    with pytest.raises(UsageError):
        IndexService(Index.PYPI, insecure, StandingClock())


def test_no_traceback_with_locals_shows_the_token():
    token = "pypi-AgEIcHlwaS5vcmc" + "Kj7xQ2" * 31 + "a"

    class Bug(Exception):
        pass

    def handle(request):
        raise Bug

    with pytest.raises(Bug) as bug:
        serve(handle, lambda pypi: pypi.probe(Secret(token)))
    frames = traceback.StackSummary.extract(traceback.walk_tb(bug.tb), capture_locals=True)
    shown = "".join(str(frame.locals) for frame in frames if "keyless/services" in frame.filename)
    assert shown
    assert token not in shown
    assert base64.b64encode(f"__token__:{token}".encode()).decode() not in shown


def test_a_limit_with_a_time_is_waited_for(world):
    world.publish(WHEEL)
    world.break_(FaultKind.SECONDARY_LIMIT_429, "GET", "/simple/*", times=1, retry_after=7)
    assert isinstance(world.do(lambda pypi: pypi.versions("sample-proj")), Found)
    assert world.clock.slept == [7.0]


def test_an_answer_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr("keyless.services.index_wire.LARGEST", 100)
    reading = serve(lambda _: httpx.Response(200, content=b"x" * 101), lambda pypi: pypi.versions("a"))
    assert isinstance(reading, Unreadable)
    assert "larger" in reading.because


def test_names_are_quoted_into_their_own_part_of_the_path():
    seen = []

    def handle(request):
        seen.append(request.url.raw_path.decode())
        return httpx.Response(404)

    serve(handle, lambda pypi: pypi.provenance("a", "1.0+x/../y", "a b.whl"))
    assert seen == ["/integrity/a/1.0%2Bx%2F..%2Fy/a%20b.whl/provenance"]


def test_an_unchanged_page_costs_a_304_without_a_body_and_says_the_same(world):
    world.publish(WHEEL, provenance=PROVENANCE)
    seen = []

    async def twice(pypi):
        async def note(answer):
            await answer.aread()
            seen.append((answer.status_code, len(answer.content)))

        pypi.wire.http.event_hooks["response"].append(note)
        first = await pypi.versions("sample-proj"), await pypi.provenance("sample-proj", "1.0", WHEEL[0])
        second = await pypi.versions("sample-proj"), await pypi.provenance("sample-proj", "1.0", WHEEL[0])
        assert second == first
        world.publish(NEWER)
        return first[0], await pypi.versions("sample-proj")

    before, after = world.do(twice)
    assert [status for status, _ in seen] == [200, 200, 304, 304, 200]
    assert [size for status, size in seen if status == 304] == [0, 0]
    assert len(after.value) == len(before.value) + 1


def test_not_modified_about_what_was_never_seen_is_no_answer():
    reading = serve(lambda _: httpx.Response(304), lambda pypi: pypi.versions("a"))
    assert isinstance(reading, Unreadable)


def test_a_tag_goes_back_to_the_address_that_gave_it_only():
    asked = []

    def handle(request):
        asked.append((request.url.path, request.headers.get("if-none-match")))
        return httpx.Response(404 if "b" in request.url.path else 200, headers={"ETag": '"x"'}, json={})

    async def look(pypi):
        for name in ("a", "a", "b", "b"):
            await pypi.versions(name)

    serve(handle, look)
    assert asked == [("/simple/a/", None), ("/simple/a/", '"x"'), ("/simple/b/", None), ("/simple/b/", None)]


def test_what_is_kept_is_bounded_and_the_longest_unasked_goes_first():
    seen = Seen(most=10)
    for name in "abc":
        seen.keep(name, "", '"t"', name, 4)
        seen.again("a", "")
    assert [seen.tag(name, "") is not None for name in "abc"] == [True, False, True]
    seen.keep("huge", "", '"t"', "huge", 11)
    assert seen.tag("huge", "") is None
    assert seen.tag("a", "")
