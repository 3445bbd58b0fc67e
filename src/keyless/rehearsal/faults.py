"""Bad days on purpose: a service refuses, breaks off, stays silent or answers wrongly, once, twice or for ever.

Faults are documents in the store, so another process can set them while the services run. Each says which requests it
meets and what happens then; `times` counts down, and a spent fault stays in the store and says how often it struck.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from keyless.rehearsal.answers import CannedAnswer, canned
from keyless.rehearsal.store import Document, Store

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

KIND: Final = "fault"
FOR_EVER: Final = -1


class FaultKind(Enum):
    """What happens. "After" means that the request took effect and only its answer was lost."""

    REFUSE = "refuse"
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"
    TIMEOUT = "timeout"
    TIMEOUT_AFTER = "timeout-after"
    CUT_BODY = "cut-body"
    MALFORMED_JSON = "malformed-json"
    BAD_GATEWAY_AFTER = "502-after-effect"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    NOT_AUTHENTICATED = "401"
    NO_PERMISSION = "403-permission"
    SECONDARY_LIMIT = "secondary-limit"
    SECONDARY_LIMIT_429 = "secondary-limit-429"
    PRIMARY_LIMIT = "primary-limit"
    NOT_FOUND = "404"
    CONFLICT = "409"
    UNPROCESSABLE = "422"
    MOVED = "301"
    MOVED_TEMPORARILY = "307"


class Break(Enum):
    """How a connection ends without an answer."""

    REFUSED = "refused"
    RESET = "reset"
    SILENT = "silent"
    CUT = "cut"


class BrokenConnection(Exception):
    """There is no answer, or only half of one. The transport in process and the server each make it real."""

    def __init__(self, how: Break) -> None:
        super().__init__(f"the rehearsal broke this connection on purpose: {how.value}")
        self.how = how


@dataclass(frozen=True, slots=True)
class Fault:
    """Which requests meet it, and what happens to them.

    `service` is a service's name or "*"; `method` likewise; `path` a shell pattern in which `*` also matches "/".
    `times` is how often it strikes (-1: for ever), after `skip` matching requests went through. `retry_after` (seconds)
    belongs to the secondary limits, `location` to the redirects.
    """

    kind: FaultKind
    service: str = "*"
    method: str = "*"
    path: str = "*"
    times: int = 1
    skip: int = 0
    retry_after: int | None = None
    location: str = "/repositories/0"
    fired: int = 0

    def meets(self, service: str, method: str, path: str) -> bool:
        """Say whether a request is one of those that it is for, spent or not."""
        return (
            self.service in {"*", service}
            and self.method.upper() in {"*", method.upper()}
            and fnmatchcase(path, self.path)
        )


def set_fault(store: Store, fault: Fault) -> str:
    """Put a fault in force; return its key."""
    key = f"{store.next_number('fault'):06d}"
    store.put(KIND, key, _document(fault))
    return key


def clear_faults(store: Store) -> int:
    """End all faults; return how many there were, spent ones included."""
    with store.transaction():
        return sum(store.delete(KIND, key) for key, _ in store.all(KIND))


def faults(store: Store) -> dict[str, Fault]:
    """Return all faults by key, spent ones included, in the order in which they were set."""
    return {key: _fault(document) for key, document in store.all(KIND)}


def strike(store: Store, service: str, method: str, path: str) -> Fault | None:
    """Return the fault that this request meets now, counting it; None when it goes through."""
    if not store.all(KIND):
        return None
    with store.transaction():
        for key, fault in faults(store).items():
            if fault.times == 0 or not fault.meets(service, method, path):
                continue
            body = _document(fault)
            if fault.skip:
                store.put(KIND, key, body | {"skip": fault.skip - 1})
                continue
            store.put(KIND, key, body | {"fired": fault.fired + 1, "times": max(fault.times - 1, FOR_EVER)})
            return fault
    return None


class Faulty:
    """ASGI middleware: lets requests through to `app` unless a fault of the store is for them."""

    def __init__(self, app: ASGIApp, store: Store, service: str) -> None:
        self._app = app
        self._store = store
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises BrokenConnection where there is no whole answer."""
        fault = strike(self._store, self._service, scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
            return
        await self._suffer(fault, scope, receive, send)

    async def _suffer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.REFUSE:
                raise BrokenConnection(Break.REFUSED)
            case FaultKind.RESET_BEFORE:
                raise BrokenConnection(Break.RESET)
            case FaultKind.TIMEOUT:
                raise BrokenConnection(Break.SILENT)
            case FaultKind.RESET_AFTER | FaultKind.TIMEOUT_AFTER:
                await self._answer(scope, receive)
                raise BrokenConnection(Break.RESET if fault.kind is FaultKind.RESET_AFTER else Break.SILENT)
            case FaultKind.CUT_BODY:
                await _cut(await self._answer(scope, receive), send)
            case FaultKind.MALFORMED_JSON:
                await _malformed(await self._answer(scope, receive), send)
            case FaultKind.BAD_GATEWAY_AFTER:
                await self._answer(scope, receive)
                await self._canned(fault, scope, send)
            case _:
                await self._canned(fault, scope, send)

    async def _canned(self, fault: Fault, scope: Scope, send: Send) -> None:
        answer = canned(fault.kind.value, self._service, self._store.now())
        headers = dict(answer.headers)
        if fault.retry_after is not None:
            headers["retry-after"] = str(fault.retry_after)
        if fault.kind in {FaultKind.MOVED, FaultKind.MOVED_TEMPORARILY}:
            headers["location"] = f"{_origin(scope)}{fault.location}"
        await _send(CannedAnswer(answer.status, headers, answer.body), send)

    async def _answer(self, scope: Scope, receive: Receive) -> CannedAnswer:
        """Let the request take its effect; return the answer instead of sending it."""
        start: Document = {}
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start.get("headers", [])}
        return CannedAnswer(start["status"], headers, b"".join(parts))


async def _cut(answer: CannedAnswer, send: Send) -> None:
    """Send the headers of the whole answer and half of its body."""
    if not answer.body:
        raise BrokenConnection(Break.RESET)
    headers = answer.headers | {"content-length": str(len(answer.body))}
    await _start(CannedAnswer(answer.status, headers, b""), send)
    half = answer.body[: len(answer.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    raise BrokenConnection(Break.CUT)


async def _malformed(answer: CannedAnswer, send: Send) -> None:
    """Send the answer's status with a body that is no JSON; an answer without a body becomes a 200."""
    status = answer.status if answer.body else 200
    await _send(CannedAnswer(status, answer.headers | {"content-type": "application/json"}, b'{"message": '), send)


async def _send(answer: CannedAnswer, send: Send) -> None:
    await _start(CannedAnswer(answer.status, answer.headers | {"content-length": str(len(answer.body))}, b""), send)
    await send({"type": "http.response.body", "body": answer.body})


async def _start(answer: CannedAnswer, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


def _origin(scope: Scope) -> str:
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "localhost")
    return f"{scope['scheme']}://{host}"


def _document(fault: Fault) -> Document:
    return asdict(fault) | {"kind": fault.kind.value}


def _fault(document: Document) -> Fault:
    return Fault(**{**document, "kind": FaultKind(document["kind"])})
