"""S7: a token's bytes leave the process as a sealed box, as the authorisation of a probe to its own index, or not at all."""

from __future__ import annotations

import base64
import io
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from keyless import tokens
from keyless.errors import KeylessError
from keyless.journeys.receipt import write_receipt
from keyless.model.index import Index
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from keyless.playbooks.save import Answered, playbook_text
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.render.jsonlines import JsonReporter
from keyless.secret import Secret
from tests.staging import DAY, Scene

UPLOADS = {Index.PYPI: "https://pypi.rehearsal/legacy/", Index.TESTPYPI: "https://test.pypi.rehearsal/legacy/"}


def forms(text: str) -> Iterator[tuple[str, bytes]]:
    """The ways in which a text may be written somewhere by accident."""
    plain = text.encode()
    yield "raw", plain
    for offset in range(3):
        inside = base64.b64encode(b"\0" * offset + plain)
        yield f"base64 at {offset}", inside[4 if offset else 0 : -4]
    yield "hex", plain.hex().encode()
    yield "HEX", plain.hex().upper().encode()
    yield "reversed", plain[::-1]
    yield "UTF-16", text.encode("utf-16-le")
    yield "first 20 after the prefix", plain[len("pypi-AgEIcHlwaS5vcmcCJD") + 26 :][:20]
    yield "last 20", plain[-20:]
    yield "what a narrowed copy shares with it", plain[:110]


def searched(places: dict[str, bytes], secrets: dict[str, str]) -> list[str]:
    """Where any form of any of the secrets stands."""
    return [
        f"{form} of {name} in {where}"
        for name, text in secrets.items()
        for form, needle in forms(text)
        for where, content in places.items()
        if len(needle) >= 12 and needle in content
    ]


@pytest.mark.parametrize("form", range(11))
def test_the_search_finds_what_is_planted(form: int) -> None:
    token = "pypi-AgEIcHlwaS5vcmcC" + "aB3_x-Zq" * 24
    name, needle = list(forms(token))[form]
    planted = b"some log line " + needle + b" goes on"
    assert searched({"a log": planted}, {"it": token}), name


class Wiretap(httpx.AsyncBaseTransport):
    """Keeps every request as it goes out: (method, url, headers, body)."""

    def __init__(self, inner: httpx.AsyncBaseTransport, kept: list[tuple[str, str, dict[str, str], bytes]]) -> None:
        self._inner, self._kept = inner, kept

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self._kept.append((request.method, str(request.url), dict(request.headers), body))
        return await self._inner.handle_async_request(request)


def world_secrets(play: Scene) -> dict[str, str]:
    known = {token.name: token.text.reveal() for token in play.world.tokens if token.text}
    person = play.world.person(play.world.operator)
    return known | {"the passphrase": "a passphrase for tests", "GitHub's": person.github_token.reveal()}


def written(play: Scene) -> dict[str, bytes]:
    return {str(p.relative_to(play.state)): p.read_bytes() for p in play.state.rglob("*") if p.is_file()}


@pytest.mark.parametrize("world", ["shap-like", "monorepo", "two-people"])
def test_s7_nothing_that_is_said_written_or_sent_holds_a_token(scene: Callable[..., Scene], world: str) -> None:
    play = scene(world)
    secrets = world_secrets(play)
    assert all(len(text) > 150 for name, text in secrets.items() if name in {t.name for t in play.world.tokens})
    sent: list[tuple[str, str, dict[str, str], bytes]] = []
    play.between = lambda inner: Wiretap(inner, sent)
    out = io.StringIO()
    events = JsonReporter(out, Realm.REHEARSAL)
    play.heard = _both(play.heard, events)
    places: dict[str, bytes] = {}

    def look(when: str) -> None:
        places.update({f"{when}: {name}": content for name, content in written(play).items()})

    play.migrate()
    look("after the migration")
    play.rollback()
    look("after the rollback")
    play.migrate()
    play.store.advance(10 * DAY)
    play.finish()
    look("after the end")

    async def receipt(desk: Any) -> None:
        ended = desk.journal.newest(play.repository)
        write_receipt(desk, ended)
        places["the journal's export"] = "\n".join(desk.journal.export(ended.id)).encode()
        answers = {key: {"": value} for key, value in desk.journal.answers(ended.id).items() if ":" not in key}
        places["the playbook"] = playbook_text(
            Phase.MIGRATE, Realm.REHEARSAL, [Answered(play.repository, answers)]
        ).encode()

    play.work(receipt)
    look("with the receipt")
    places["what was said"] = play.heard.text().encode()
    places["what was said as JSON"] = out.getvalue().encode()
    assert len(places["what was said as JSON"]) > 1000
    assert len(places) > 10
    for number, (method, url, headers, body) in enumerate(sent):
        places[f"{number}: {method} {url}, its body"] = url.encode() + body
        rest = {name: value for name, value in headers.items() if name != "authorization"}
        places[f"{number}: {method} {url}, its headers"] = repr(rest).encode()
    assert searched(places, secrets) == []


def _both(heard: Any, events: JsonReporter) -> Any:
    """Someone who hears everything, and passes it on to the real reporter."""

    class Both(type(heard)):
        def __getattribute__(self, name: str) -> Any:
            found = super().__getattribute__(name)
            if name not in HEARD:
                return found

            def say(*arguments: Any, **named: Any) -> Any:
                getattr(events, name)(*arguments, **named)
                return found(*arguments, **named)

            return say

    return Both()


HEARD = {"step_started", "step_done", "waiting", "note", "warning", "link", "diff"}


def test_s7_an_authorisation_goes_to_its_own_index_and_nowhere_else(scene: Callable[..., Scene]) -> None:
    play = scene()
    sent: list[tuple[str, str, dict[str, str], bytes]] = []
    play.between = lambda inner: Wiretap(inner, sent)
    play.migrate()
    play.rollback()
    by_url: dict[str, set[str]] = {}
    for _, url, headers, _ in sent:
        if "authorization" in headers:
            by_url.setdefault(url if "/legacy/" in url else url.split("/")[2], set()).add(headers["authorization"])
    person = play.world.person("nadia").github_token.reveal()
    assert by_url.pop("api.github.rehearsal") == {f"Bearer {person}"}
    for name, index in (("release", Index.PYPI), ("candidate", Index.TESTPYPI)):
        whole = play.world.token(name).text.reveal()
        given = by_url.pop(UPLOADS[index])
        texts = {base64.b64decode(one.removeprefix("Basic ")).decode().partition(":")[2] for one in given}
        # The whole token once; the narrowed copy of a rollback shares its beginning and is of this index alone.
        assert whole in texts
        assert all(tokens.read(Secret(text)).index is index for text in texts)
    assert by_url == {}


def test_s7_a_token_is_sealed_before_it_goes_to_github(scene: Callable[..., Scene]) -> None:
    play = scene(stage="migrated")
    sent: list[tuple[str, str, dict[str, str], bytes]] = []
    play.between = lambda inner: Wiretap(inner, sent)
    play.rollback()
    puts = [body for method, url, _, body in sent if method == "PUT" and "/secrets/" in url]
    assert len(puts) == 2
    assert all(b"encrypted_value" in body and b"key_id" in body for body in puts)


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.NO_PERMISSION, FaultKind.MALFORMED_JSON])
@pytest.mark.parametrize("path", ["/legacy/", "*/secrets/*"])
def test_s7_an_error_with_all_its_causes_holds_no_token(
    scene: Callable[..., Scene], kind: FaultKind, path: str
) -> None:
    play = scene(stage="migrated")
    set_fault(play.store, Fault(kind, path=path, times=-1))
    said = b""
    try:
        play.rollback()
    except KeylessError as error:
        said = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()).encode()
    assert said or kind is FaultKind.MALFORMED_JSON or path == "/legacy/"
    secrets = {name: text for name, text in world_secrets(play).items() if name in {"release", "candidate"}}
    assert searched({"the traceback with locals": said}, secrets) == []
