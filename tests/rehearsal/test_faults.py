"""Every fault, in process and on a real socket: what the client meets, and whether the request took effect."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

import httpx
import pytest
import uvicorn

from keyless.rehearsal.faults import FOR_EVER, Fault, FaultKind, Faulty, clear_faults, faults, set_fault
from keyless.rehearsal.store import Store
from keyless.rehearsal.transport import Front, InProcess
from keyless.rehearsal.wire import Wire

HOST = "api.github.rehearsal"


class Counting:
    """A service that counts its effects: POST adds one, GET tells, DELETE has no body."""

    def __init__(self) -> None:
        self.effects = 0

    async def __call__(self, scope, receive, send):
        while (await receive()).get("more_body"):
            continue
        self.effects += scope["method"] != "GET"
        status, body = (
            (204, b"") if scope["method"] == "DELETE" else (200, json.dumps({"effects": self.effects}).encode())
        )
        headers = [(b"content-type", b"application/json"), (b"etag", b'"e"')]
        if b"reason" in scope["query_string"]:
            status, headers = 400, [*headers, (b"x-keyless-reason", b"'' is an invalid value for Name.")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def store():
    store = Store()
    yield store
    store.close()


class World:
    """One service with faults in front, and how to reach it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.service = Counting()
        self.requests = Counter()
        self.app = Front(Faulty(self.service, store, "github"), store, "github", self.requests)
        self.base = f"https://{HOST}"

    def request(self, method="POST", path="/repos/o/r/actions/secrets/TOKEN", **more):
        async def once():
            async with httpx.AsyncClient(transport=self.transport(), trust_env=False, timeout=2) as client:
                return await client.request(method, self.base + path, **more)

        return asyncio.run(once())

    def transport(self):
        return InProcess({HOST: self.app})


class Served(World):
    """The same over a socket."""

    def transport(self):
        return httpx.AsyncHTTPTransport()


@contextmanager
def served(world):
    """Serve the world's application from a thread until the end of the block."""
    listening = socket.create_server(("127.0.0.1", 0))
    world.base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        world.app, http=Wire, ws="none", lifespan="off", log_config=None, date_header=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield world
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(params=["in process", "served"])
def world(request, store):
    if request.param == "in process":
        yield World(store)
        return
    with served(Served(store)) as world:
        yield world


@pytest.fixture
def alone(store):
    return World(store)


BROKEN = {
    FaultKind.REFUSE: (httpx.ConnectError, httpx.TransportError, 0),
    FaultKind.RESET_BEFORE: (httpx.ReadError, httpx.ReadError, 0),
    FaultKind.RESET_AFTER: (httpx.ReadError, httpx.ReadError, 1),
    FaultKind.TIMEOUT: (httpx.ReadTimeout, httpx.ReadTimeout, 0),
    FaultKind.TIMEOUT_AFTER: (httpx.ReadTimeout, httpx.ReadTimeout, 1),
    FaultKind.CUT_BODY: (httpx.RemoteProtocolError, httpx.RemoteProtocolError, 1),
}


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.value)
def test_a_broken_connection_is_an_error_of_httpx_and_took_effect_or_not(world, kind):
    in_process, over_a_socket, effects = BROKEN[kind]
    set_fault(world.store, Fault(kind))
    with pytest.raises(over_a_socket if isinstance(world, Served) else in_process):
        world.request(timeout=0.2)
    assert world.service.effects == effects
    assert world.request().json() == {"effects": effects + 1}


STATUS = {
    FaultKind.SERVER_ERROR: 500,
    FaultKind.UNAVAILABLE: 503,
    FaultKind.NOT_AUTHENTICATED: 401,
    FaultKind.NO_PERMISSION: 403,
    FaultKind.SECONDARY_LIMIT: 403,
    FaultKind.SECONDARY_LIMIT_429: 429,
    FaultKind.PRIMARY_LIMIT: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.CONFLICT: 409,
    FaultKind.UNPROCESSABLE: 422,
    FaultKind.MOVED: 301,
    FaultKind.MOVED_TEMPORARILY: 307,
}


@pytest.mark.parametrize("kind", STATUS, ids=lambda kind: kind.value)
def test_a_wrong_answer_comes_instead_of_the_effect(alone, kind):
    set_fault(alone.store, Fault(kind))
    answer = alone.request()
    assert answer.status_code == STATUS[kind]
    assert answer.json()["message"]
    assert alone.service.effects == 0


def test_every_kind_of_fault_is_tried_here():
    assert {*BROKEN, *STATUS, FaultKind.BAD_GATEWAY_AFTER, FaultKind.MALFORMED_JSON} == set(FaultKind)


def test_a_bad_gateway_comes_after_the_effect(alone):
    set_fault(alone.store, Fault(FaultKind.BAD_GATEWAY_AFTER))
    answer = alone.request()
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert alone.service.effects == 1


def test_malformed_json_keeps_status_and_headers(world):
    set_fault(world.store, Fault(FaultKind.MALFORMED_JSON))
    answer = world.request("GET")
    assert (answer.status_code, answer.headers["etag"]) == (200, '"e"')
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_an_answer_without_body_cannot_be_cut_or_malformed_and_still_goes_wrong(world):
    set_fault(world.store, Fault(FaultKind.CUT_BODY))
    with pytest.raises(httpx.ReadError):
        world.request("DELETE")
    set_fault(world.store, Fault(FaultKind.MALFORMED_JSON))
    assert world.request("DELETE").status_code == 200
    assert world.service.effects == 2


@pytest.mark.parametrize(("times", "failing"), [(1, 1), (2, 2), (FOR_EVER, 5)])
def test_a_fault_strikes_once_twice_or_for_ever(alone, times, failing):
    key = set_fault(alone.store, Fault(FaultKind.UNAVAILABLE, times=times))
    statuses = [alone.request().status_code for _ in range(5)]
    assert statuses == [503] * failing + [200] * (5 - failing)
    assert faults(alone.store)[key].fired == failing


def test_requests_before_it_can_be_let_through(alone):
    set_fault(alone.store, Fault(FaultKind.UNAVAILABLE, skip=2))
    assert [alone.request().status_code for _ in range(4)] == [200, 200, 503, 200]


def test_only_the_requests_that_it_names_meet_a_fault(alone):
    fault = Fault(FaultKind.NOT_FOUND, "github", "delete", "*/actions/secrets/TOKEN", FOR_EVER)
    assert [
        fault.meets("github", "DELETE", "/repos/o/r/actions/secrets/TOKEN"),
        fault.meets("github", "DELETE", "/api/v3/repos/o/r/actions/secrets/TOKEN"),
        fault.meets("github", "DELETE", "/repos/o/r/actions/secrets/OTHER"),
        fault.meets("github", "PUT", "/repos/o/r/actions/secrets/TOKEN"),
        fault.meets("pypi", "DELETE", "/repos/o/r/actions/secrets/TOKEN"),
    ] == [True, True, False, False, False]
    set_fault(alone.store, fault)
    assert [alone.request(method).status_code for method in ("PUT", "DELETE")] == [200, 404]


def test_the_first_of_two_faults_strikes_and_then_the_second(alone):
    set_fault(alone.store, Fault(FaultKind.UNAVAILABLE))
    set_fault(alone.store, Fault(FaultKind.CONFLICT))
    assert [alone.request().status_code for _ in range(3)] == [503, 409, 200]


def test_cleared_faults_are_gone(alone):
    set_fault(alone.store, Fault(FaultKind.UNAVAILABLE, times=FOR_EVER))
    assert clear_faults(alone.store) == 1
    assert (alone.request().status_code, faults(alone.store)) == (200, {})


def test_faults_are_seen_by_another_process_and_survive(tmp_path):
    """Two stores over one file, as two processes have them."""
    here, there = Store(tmp_path / "world.sqlite"), Store(tmp_path / "world.sqlite")
    try:
        fault = Fault(FaultKind.SECONDARY_LIMIT, "pypi", "POST", "/legacy/", 2, 1, 30, "/elsewhere")
        key = set_fault(there, fault)
        assert faults(here) == {key: fault}
        assert World(here).request().status_code == 200
    finally:
        here.close()
        there.close()


def test_limits_carry_githubs_headers(alone):
    set_fault(alone.store, Fault(FaultKind.SECONDARY_LIMIT, retry_after=30))
    set_fault(alone.store, Fault(FaultKind.SECONDARY_LIMIT_429))
    set_fault(alone.store, Fault(FaultKind.PRIMARY_LIMIT))
    asked, bare, primary = (alone.request() for _ in range(3))
    assert "secondary rate limit" in asked.json()["message"]
    assert (asked.headers["retry-after"], "retry-after" in bare.headers) == ("30", False)
    assert primary.headers["x-ratelimit-remaining"] == "0"
    left = int(primary.headers["x-ratelimit-reset"]) - alone.store.now().timestamp()
    assert 49 * 60 < left <= 50 * 60


def test_a_redirect_stays_on_its_host(world):
    set_fault(world.store, Fault(FaultKind.MOVED, location="/repositories/7/actions/secrets"))
    assert world.request().headers["location"] == f"{world.base}/repositories/7/actions/secrets"


def test_an_index_fails_with_a_page_and_not_with_githubs_json(store):
    set_fault(store, Fault(FaultKind.UNAVAILABLE))
    world = World(store)
    world.app = Faulty(world.service, store, "pypi")
    answer = world.request()
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")


def test_every_answer_has_the_rehearsals_date_and_is_counted(world):
    world.store.advance(14 * 86_400)
    set_fault(world.store, Fault(FaultKind.UNAVAILABLE))
    for _ in range(2):
        (date,) = world.request().headers.get_list("date")
        assert abs((parsedate_to_datetime(date) - world.store.now()).total_seconds()) < 30
    assert world.requests == {"github": 2}


def test_the_reason_phrase_comes_from_a_header_that_does_not_leave(world):
    answer = world.request(params={"reason": "1"})
    assert answer.reason_phrase == "'' is an invalid value for Name."
    assert "x-keyless-reason" not in answer.headers
    assert world.request().reason_phrase == "OK"


@pytest.mark.parametrize("url", ["https://api.github.com/user", "https://pypi.org/", f"https://{HOST}:444/"])
def test_no_other_host_is_reached(alone, url):
    async def elsewhere():
        async with httpx.AsyncClient(transport=alone.transport()) as client:
            await client.get(url)

    with pytest.raises(httpx.ConnectError, match="no part of this rehearsal"):
        asyncio.run(elsewhere())
    assert alone.requests == {}


def test_a_slow_service_meets_the_clients_patience(alone):
    async def slow(_scope, _receive, _send):
        await asyncio.Event().wait()

    alone.app = slow
    with pytest.raises(httpx.ReadTimeout):
        alone.request(timeout=0.01)
