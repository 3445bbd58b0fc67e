"""The one way to GitHub: headers, redaction, pacing, counting, dates, late imports."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from keyless.errors import NotAllowed, TryLater, UsageError
from keyless.model.github import Store, StoreKind
from keyless.model.realm import REAL
from keyless.secret import Secret
from keyless.services.github import GitHubService
from tests.services.clocks import StandingClock
from tests.services.github.worlds import REPOSITORY, TOKEN, serve

WHERE = Store(StoreKind.REPOSITORY, "octo", "sampleproj")


def user(request):
    return httpx.Response(200, json={"id": 1, "login": "octo"})


def test_requests_carry_token_version_and_agent():
    seen = []

    def handle(request):
        seen.append(request)
        return user(request)

    serve(handle, lambda github: github.viewer())
    (request,) = seen
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["x-github-api-version"] == "2026-03-10"
    assert request.headers["user-agent"].startswith("keyless/")


def test_every_request_is_counted():
    async def thrice(github):
        for _ in range(3):
            await github.viewer()

    assert serve(user, thrice)[1] == 3


def test_the_services_date_is_remembered():
    clock = StandingClock()
    serve(
        lambda request: httpx.Response(
            200, json={"id": 1, "login": "octo"}, headers={"Date": "Sat, 14 Mar 2026 15:09:26 GMT"}
        ),
        lambda github: github.viewer(),
        clock=clock,
    )
    assert clock.seen == [datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)]


@pytest.mark.parametrize("date", ["yesterday", "", "Sat, 99 Mar 2026 15:09:26 GMT"])
def test_a_date_that_is_none_is_left_alone(date):
    clock = StandingClock()
    serve(
        lambda request: httpx.Response(200, json={"id": 1, "login": "octo"}, headers={"Date": date}),
        lambda github: github.viewer(),
        clock=clock,
    )
    assert clock.seen == []


def test_in_reality_writes_are_a_second_apart():
    clock = StandingClock()

    async def writes(github):
        for name in ("A", "B", "C"):
            await github.delete_secret(WHERE, name)

    serve(lambda request: httpx.Response(204), writes, addresses=REAL, clock=clock)
    assert clock.slept == [1.0, 1.0]


def test_writes_at_once_wait_for_each_other():
    clock = StandingClock()

    async def writes(github):
        await asyncio.gather(*(github.delete_secret(WHERE, name) for name in "ABCD"))

    serve(lambda request: httpx.Response(204), writes, addresses=REAL, clock=clock)
    assert clock.slept == [1.0, 1.0, 1.0]


def test_a_rehearsal_need_not_wait_between_writes():
    clock = StandingClock()

    async def writes(github):
        for name in ("A", "B"):
            await github.delete_secret(WHERE, name)

    serve(lambda request: httpx.Response(204), writes, clock=clock)
    assert clock.slept == []


def test_a_real_token_goes_to_https_only():
    with pytest.raises(UsageError):
        GitHubService(replace(REAL, github_api="http://api.github.com"), Secret(TOKEN), StandingClock())


def test_no_traceback_with_locals_shows_the_token():
    def handle(request):
        raise httpx.ConnectError("no route", request=request)

    with pytest.raises(TryLater) as later:
        serve(handle, lambda github: github.viewer())
    shown = "".join(traceback.TracebackException.from_exception(later.value, capture_locals=True).format())
    assert "no connection" in str(later.value)
    assert TOKEN not in shown
    assert TOKEN[-20:] not in shown


def test_a_secrets_value_is_sent_sealed_only():
    sent = []

    def handle(request):
        sent.append(request.content)
        if request.method == "GET":
            return httpx.Response(200, json={"key_id": "1", "key": "hBT5WZEj8ZoOv6TYJsfWq7MxTEQopZO5/IT3ZCVQPzs="})
        return httpx.Response(201, json={})

    serve(handle, lambda github: github.put_secret(WHERE, "A", Secret("pypi-" + "s3cr3t" * 30)))
    assert not any(b"s3cr3t" in content for content in sent)


def test_an_installation_token_has_no_user_and_may_go_on():
    refusal = httpx.Response(403, json={"message": "Resource not accessible by integration"})
    viewer, _ = serve(lambda request: refusal, lambda github: github.viewer())
    assert viewer.scopes is None
    assert "installation" in viewer.login


def test_any_other_refusal_of_the_user_is_not_allowed():
    with pytest.raises(NotAllowed):
        serve(lambda request: httpx.Response(403, json={"message": "suspended"}), lambda github: github.viewer())


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"id": "x"}', b"\xff\xfe"])
def test_an_answer_that_is_not_as_described_is_try_later(body):
    with pytest.raises(TryLater) as later:
        serve(lambda request: httpx.Response(200, content=body), lambda github: github.repository(REPOSITORY))
    assert "cannot be understood" in later.value.what


@pytest.mark.parametrize("wait", ["soon", "-1", "1e3", "", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_limit_with_a_time_that_is_none_is_a_minute(wait):
    with pytest.raises(TryLater) as later:
        serve(lambda request: httpx.Response(429, headers={"Retry-After": wait}), lambda github: github.viewer())
    assert later.value.retry_at == "2026-03-14T12:01:00Z"


def test_a_blob_that_is_not_what_was_asked_for_is_unreadable():
    def handle(request):
        if "/trees/" in request.url.path:
            entry = {"path": "README.md", "mode": "100644", "type": "blob", "sha": "a" * 40}
            return httpx.Response(200, json={"sha": "b" * 40, "tree": [entry], "truncated": False})
        return httpx.Response(200, json={"sha": "a" * 40, "content": "ZXZpbA==", "encoding": "base64"})

    (reading,), _ = serve(handle, lambda github: github.files(REPOSITORY, "c" * 40, ["README.md"]))
    assert "not the file" in reading.because


def test_a_list_that_never_ends_is_not_called_complete(monkeypatch):
    monkeypatch.setattr("keyless.services.github.wire._MOST_PAGES", 3)
    link = {"Link": '<https://api.github.rehearsal/x?page=2>; rel="next"'}
    page = {"total_count": 9, "environments": [{"name": "pypi"}]}
    reading, requests = serve(
        lambda request: httpx.Response(200, json=page, headers=link), lambda github: github.environments(REPOSITORY)
    )
    assert "more than 3 pages" in reading.because
    assert requests == 3


@pytest.mark.parametrize(
    "module",
    ["keyless", "keyless.services.ports", "keyless.services.retry", "keyless.services.system", "keyless.proofs"],
)
def test_what_every_command_imports_does_not_import_githubkit_or_sigstore(module):
    code = f"import {module}, sys; print([m for m in ('githubkit', 'sigstore', 'httpx', 'pydantic', 'nacl') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("status", "headers", "permission"),
    [
        (403, {"X-Accepted-GitHub-Permissions": "secrets=read"}, "secrets=read"),
        (404, {"X-Accepted-GitHub-Permissions": "secrets=read"}, None),
        (404, {"X-OAuth-Scopes": "gist", "X-Accepted-OAuth-Scopes": "admin:org"}, "scope admin:org"),
        (404, {"X-OAuth-Scopes": "repo", "X-Accepted-OAuth-Scopes": "repo, admin:org"}, None),
        (404, {"X-OAuth-Scopes": "", "X-Accepted-OAuth-Scopes": "repo"}, "scope repo"),
        (403, {}, None),
    ],
)
def test_a_permission_is_named_only_where_it_was_missing(status, headers, permission):
    answer = httpx.Response(status, json={"message": "no"}, headers=headers)
    reading, _ = serve(lambda request: answer, lambda github: github.secrets(WHERE))
    assert reading.permission == permission


def test_the_hours_last_request_may_be_refused_for_a_permission():
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1773500000"}
    answer = httpx.Response(403, json={"message": "Resource not accessible"}, headers=headers)
    reading, _ = serve(lambda request: answer, lambda github: github.secrets(WHERE))
    assert "not accessible" in reading.because
