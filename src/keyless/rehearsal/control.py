"""Drive a served rehearsal from another process: pass time, set faults, run workflows, act as the world's people.

JSON in and out, from this machine only. A request with a body must say `application/json`, so that no web page can
send one unasked.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keyless.errors import KeylessError
from keyless.model import codec
from keyless.model.codec import Json
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import Step
from keyless.rehearsal.browser import PageRefused
from keyless.rehearsal.faults import Fault, FaultKind, clear_faults, faults, set_fault
from keyless.rehearsal.github.repositories import NoSuchThing
from keyless.rehearsal.store import Document

if TYPE_CHECKING:
    from keyless.rehearsal.person import Person
    from keyless.rehearsal.services import Services

Answer: TypeAlias = Callable[["Services", Document], Awaitable[Document]]


class Refused(ValueError):
    """The request makes no sense; the text says why."""


def control_app(services: Services) -> Starlette:
    """Return the application: GET /state, and POST /advance, /fault, /clear-faults, /run, /release, /person."""

    async def state(request: Request) -> Response:
        _only_from_here(request)
        return JSONResponse(await _state(services, {}))

    def route(path: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            _only_from_here(request)
            return JSONResponse(await answer(services, await _body(request)))

        return Route(path, endpoint, methods=["POST"])

    return Starlette(
        routes=[Route("/state", state), *(route(path, answer) for path, answer in _ANSWERS.items())],
        exception_handlers=dict.fromkeys((Refused, ValueError, KeylessError, NoSuchThing, PageRefused), _refusal),
    )


async def _state(services: Services, _given: Document) -> Document:
    """The rehearsal's time, its requests by service, its faults with how often each struck, and its world."""
    from keyless.rehearsal.world import summary

    return {
        "now": services.store.now().isoformat(),
        "requests": dict(services.requests),
        "faults": {key: asdict(fault) | {"kind": fault.kind.value} for key, fault in faults(services.store).items()},
        "world": summary(services.store),
    }


async def _advance(services: Services, given: Document) -> Document:
    """{"seconds": n}: let time pass."""
    services.store.advance(float(_needed(given, "seconds")))
    return {"now": services.store.now().isoformat()}


async def _fault(services: Services, given: Document) -> Document:
    """{"kind": …} and any other field of a fault."""
    try:
        fault = Fault(**{**given, "kind": FaultKind(_needed(given, "kind"))})
    except TypeError as error:
        raise Refused(f"a fault has no such field: {error}") from error
    return {"fault": set_fault(services.store, fault)}


async def _clear_faults(services: Services, _given: Document) -> Document:
    return {"cleared": clear_faults(services.store)}


async def _run(services: Services, given: Document) -> Document:
    """{"repository", "path", "event", "ref", "actor", "inputs"?}: run one workflow file to its end."""
    from keyless.rehearsal.runner import run_workflow

    repository = _repository(given)
    run_id = await run_workflow(
        services,
        repository.owner,
        repository.name,
        path=_needed(given, "path"),
        event=given.get("event", "workflow_dispatch"),
        ref=given.get("ref", "refs/heads/main"),
        actor=_needed(given, "actor"),
        inputs=given.get("inputs"),
    )
    return {"runs": [run_id]}


async def _release(services: Services, given: Document) -> Document:
    """{"repository", "index", "by"?, "project"?, "version"?}: release as this repository does for that index."""
    runs = await _person(services, given.get("by")).release(
        _repository(given), Index(_needed(given, "index")), project=given.get("project"), version=given.get("version")
    )
    return {"runs": list(runs)}


async def _act(services: Services, given: Document) -> Document:
    """{"action", "login"?, …}: let a person of the world (its operator unless named) do what keyless asks people to do.

    Actions: "register-publisher" {"link"}, "issue-token" {"link"}, "remove-token" {"link"}, "merge" {"repository",
    "number"?}: that pull request, or all that are open; "carry-out" {"step"}: whatever this step of a plan waits for.
    """
    person = _person(services, given.get("login"))
    match _needed(given, "action"):
        case "register-publisher":
            await person.register_publisher(_needed(given, "link"))
        case "remove-token":
            await person.remove_token(_needed(given, "link"))
        case "issue-token":
            token = await person.issue_token(_needed(given, "link"))
            return {"token": token.reveal()}
        case "merge":
            number = given.get("number")
            repository = _repository(given)
            commits = (
                await person.merge_open(repository) if number is None else [await person.merge(repository, number)]
            )
            return {"commits": list(commits)}
        case "carry-out":
            return {"done": await person.carry_out(_step(_needed(given, "step")))}
        case other:
            raise Refused(f"nobody here knows how to do '{other}'")
    return {}


_ANSWERS: Final[Mapping[str, Answer]] = {
    "/advance": _advance,
    "/fault": _fault,
    "/clear-faults": _clear_faults,
    "/run": _run,
    "/release": _release,
    "/person": _act,
}


def _person(services: Services, login: str | None) -> Person:
    from keyless.rehearsal.person import Person
    from keyless.rehearsal.world import loaded

    world = loaded(services.store)
    if world is None:
        raise Refused("no world was loaded into this rehearsal")
    return Person(services, world, login or world.operator)


def _step(encoded: Json) -> Step:
    return codec.decode(Step, encoded)  # type: ignore[arg-type]  # a union of classes


def _repository(given: Document) -> Repository:
    owner, _, name = str(_needed(given, "repository")).partition("/")
    return Repository(owner, name)


def _needed(given: Document, key: str) -> Any:  # noqa: ANN401  # JSON
    if key not in given:
        raise Refused(f"'{key}' is missing")
    return given[key]


async def _body(request: Request) -> Document:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused("the content type is application/json")
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise Refused(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused("the body is an object")
    return body


def _only_from_here(request: Request) -> None:
    """Refuse what comes from another machine, or from a web page that found a name for this address."""
    client = request.client
    if client is None or not ip_address(client.host).is_loopback:
        raise Refused("only this machine drives the rehearsal")
    host = request.url.hostname or ""
    if host not in {"control.rehearsal", "localhost"} and not _is_loopback(host):
        raise Refused(f"'{host}' is no name of this service")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def _refusal(_request: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error)}, 422)
