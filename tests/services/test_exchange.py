"""The exchange and a job's identity on hand-made answers: hosts, odd answers, and that nothing secret is left about."""

from __future__ import annotations

import asyncio
import base64
import json
import traceback
from collections.abc import Callable
from io import StringIO
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.traceback import Traceback

from keyless.errors import KeylessError, NotAllowed, TryLater, UsageError
from keyless.model.index import Index
from keyless.model.preflight import Identity, Minted, Reach
from keyless.model.realm import REAL
from keyless.model.refusal import Refusal
from keyless.secret import Secret
from keyless.services.exchange import ExchangeService
from keyless.services.identity import TOKEN, URL, GitHubJob
from keyless.services.index_wire import IndexWire
from tests.services.clocks import StandingClock
from tests.services.github.worlds import ADDRESSES

GITHUB = "https://run-actions-1-azure-eastus.actions.githubusercontent.com/42//idtoken/1/2?api-version=2.0"
UPLOADS = "pypi-AgEIcHlwaS5vcmc" + "CJDk5ZGM3" * 30
"""As long as a real minted token, 290 characters."""
CLAIMS = {"repository": "o/r", "job_workflow_ref": "o/r/.github/workflows/release.yml@refs/heads/x", "actor": "ann"}
JWT = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in
               ('{"alg":"RS256"}', json.dumps(CLAIMS), "signature" * 40))  # fmt: skip
REQUEST = "request-token-" + "r" * 300
GOOD = {"success": True, "token": UPLOADS, "expires": 1_800_000_000}
NO_PUBLISHER = {"message": "Token request failed", "errors": [{"code": "invalid-publisher", "description": "no"}]}


def exchange(handle: Callable[[httpx.Request], httpx.Response], call: Callable[[ExchangeService], Any]) -> Any:
    async def go() -> Any:
        async with IndexWire(Index.PYPI, REAL, StandingClock(), httpx.MockTransport(handle)) as wire:
            return await call(ExchangeService(wire))

    return asyncio.run(go())


def job_of(handle: Callable[[httpx.Request], httpx.Response], variables: dict[str, str]) -> GitHubJob:
    return GitHubJob(
        REAL, {"GITHUB_ACTIONS": "true", URL: GITHUB, TOKEN: REQUEST, **variables}, httpx.MockTransport(handle)
    )


def ask(handle: Callable[[httpx.Request], httpx.Response], **variables: str) -> Identity:
    return asyncio.run(job_of(handle, variables).ask("pypi"))


def mint(answer: httpx.Response) -> Minted | Refusal:
    found: Minted | Refusal = exchange(lambda _: answer, lambda service: service.mint(Secret(JWT)))
    return found


def error_of(job: Callable[[], object]) -> KeylessError:
    with pytest.raises(KeylessError) as caught:
        job()
    return caught.value


def shown(error: BaseException) -> str:
    """Every way in which a traceback may come to be read, with the locals of each frame."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    paper = StringIO()
    Console(file=paper, width=4000).print(
        Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
    )
    return "".join(frames) + paper.getvalue()


def test_a_minted_token_comes_with_its_end() -> None:
    found = mint(httpx.Response(200, json=GOOD))
    assert isinstance(found, Minted)
    assert found.token.reveal() == UPLOADS
    assert f"{found.until:%Y-%m-%d %H:%M}" == "2027-01-15 08:00"


def test_a_refusal_keeps_the_index_own_codes() -> None:
    found = mint(httpx.Response(422, json=NO_PUBLISHER))
    assert found == Refusal((("invalid-publisher", "no"),), {})


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={**GOOD, "expires": None}),
        httpx.Response(200, text=f"not JSON, with {UPLOADS}"),
        httpx.Response(200, json=[UPLOADS]),
        httpx.Response(201, json=GOOD),
        httpx.Response(422, json={"errors": "none"}),
        httpx.Response(422, json={"errors": [UPLOADS]}),
        httpx.Response(403, text="Read-only mode"),
        httpx.Response(307, headers={"Location": "https://elsewhere.example/"}),
        httpx.Response(429, headers={"Retry-After": "9"}),
        httpx.Response(503, json=GOOD),
    ],
    ids=["no end", "no JSON", "a list", "201", "no errors", "odd errors", "403", "307", "429", "503"],
)
def test_an_answer_that_is_neither_is_no_answer_and_leaves_no_token_about(answer: httpx.Response) -> None:
    error = error_of(lambda: mint(answer))
    assert isinstance(error, TryLater)
    for hidden in (UPLOADS, UPLOADS[:40], JWT, JWT[-40:]):
        assert hidden not in shown(error)


def test_an_identity_is_exchanged_in_one_try_with_its_own_index_only() -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url}")
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})

    error_of(lambda: exchange(handle, lambda service: service.mint(Secret(JWT))))
    assert asked == ["POST https://pypi.org/_/oidc/mint-token"]


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [(403, {"message": "off"}, "switched"), (404, {}, "does not say"), (200, {"audience": 7}, "does not say")],
)
def test_an_index_that_names_no_audience_is_asked_later(status: int, body: dict[str, object], says: str) -> None:
    error = error_of(lambda: exchange(lambda _: httpx.Response(status, json=body), lambda service: service.audience()))
    assert isinstance(error, TryLater)
    assert says in error.what


@pytest.mark.parametrize(
    ("answer", "reach"),
    [
        (httpx.Response(400, text="400 Invalid file extension: Use .tar.gz, .whl or .zip extension."), Reach.YES),
        (httpx.Response(403, text="Invalid API Token: project-scoped token is not valid for project: 'p'"), Reach.NO),
        (httpx.Response(403, text="The given token isn't allowed to upload to project 'p'."), Reach.NO),
        (httpx.Response(403, text="Read-only mode: Uploads are temporarily disabled."), Reach.UNKNOWN),
        (httpx.Response(403, text="Invalid API Token: token is expired"), Reach.UNKNOWN),
        (httpx.Response(400, text="Organization account owning this project is inactive."), Reach.UNKNOWN),
        (httpx.Response(200, text=""), Reach.UNKNOWN),
        (httpx.Response(503, text=""), Reach.UNKNOWN),
    ],
)
def test_only_the_index_own_words_say_whether_the_project_is_reached(answer: httpx.Response, reach: Reach) -> None:
    found, because = exchange(lambda _: answer, lambda service: service.reach(Secret(UPLOADS), "p", "1.0"))
    assert found is reach
    assert UPLOADS[:30] not in because


def test_what_asks_for_the_reach_could_never_be_a_distribution() -> None:
    sent: list[bytes] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request.read())
        return httpx.Response(400, text="Invalid file extension")

    exchange(handle, lambda service: service.reach(Secret(UPLOADS), "p", "1.0"))
    assert b'filename="keyless.trial"' in sent[0]
    assert UPLOADS.encode() not in sent[0]  # it travels in the header alone


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/?x=.actions.githubusercontent.com",
        "https://actions.githubusercontent.com.elsewhere.example/",
        "https://evilactions.githubusercontent.com/",
        "http://run.actions.githubusercontent.com/",
        "https://ann@run.actions.githubusercontent.com/",
        "https://run.actions.githubusercontent.com@elsewhere.example/",
        "no address",
    ],
)
def test_the_request_token_goes_to_a_host_of_github_only(address: str) -> None:
    asked: list[httpx.Request] = []
    error = error_of(lambda: ask(lambda request: asked.append(request) or httpx.Response(200), **{URL: address}))
    assert isinstance(error, UsageError)
    assert asked == []


def test_a_rehearsal_never_asks_the_real_github() -> None:
    job = GitHubJob(ADDRESSES, {"GITHUB_ACTIONS": "true", URL: GITHUB, TOKEN: REQUEST})
    assert isinstance(error_of(job.require), UsageError)


def test_a_job_without_the_permission_is_told_so() -> None:
    assert isinstance(error_of(lambda: ask(lambda _: httpx.Response(500), **{TOKEN: ""})), NotAllowed)


def test_the_identity_is_asked_for_one_audience_with_the_request_token() -> None:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"value": JWT})

    found = ask(handle)
    assert str(asked[0].url) == f"{GITHUB}&audience=pypi"
    assert asked[0].headers["authorization"] == f"bearer {REQUEST}"
    assert found.token.reveal() == JWT
    assert found.claims == {name: CLAIMS[name] for name in ("repository", "job_workflow_ref")}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"message": "over"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"value": 7}),
        httpx.Response(200, json={"value": "x" * 300}),
        httpx.Response(200, json={"value": f"a.{'x' * 301}.c"}),
        httpx.Response(200, json={"value": f"a.{base64.urlsafe_b64encode(b'[1]').decode()}.c"}),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
    ],
)
def test_an_identity_that_cannot_be_read_is_none(answer: httpx.Response) -> None:
    error = error_of(lambda: ask(lambda _: answer))
    assert isinstance(error, TryLater)
    assert REQUEST[-40:] not in shown(error)
    assert "x" * 30 not in shown(error)


def test_a_broken_connection_to_github_is_said_without_the_request_token() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    error = error_of(lambda: ask(handle))
    assert isinstance(error, TryLater)
    assert REQUEST[-40:] not in shown(error)
