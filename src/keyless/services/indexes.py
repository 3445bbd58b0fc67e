"""PyPI and TestPyPI: releases, provenance, and whether a token exists. Nothing is ever uploaded.

A credential goes to exactly one address, its own index's upload endpoint, and never along a redirect (S7).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import ssl
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final, TypeAlias
from urllib.parse import quote

import httpx

from keyless import __version__
from keyless.errors import TryLater, UsageError
from keyless.model.index import Index, normalise
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.realm import Addresses, Realm
from keyless.model.release import Release
from keyless.model.token import Life, Probe
from keyless.secret import Secret
from keyless.services.ports import Clock, PackageIndex
from keyless.services.retry import Call, Trouble, persist
from keyless.services.seen import Seen

SIMPLE_JSON: Final = "application/vnd.pypi.simple.v1+json"
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer that are read at most; the simple pages of the largest projects have about 10 MB."""

# The words of warehouse (facts/pypi.md): in the reason phrase, and in the body too.
_ALIVE: Final = "is an invalid value for Name"
_GONE: Final = "Invalid or non-existent authentication information"
_ACCEPTED: Final = "Invalid file extension:"
_REFUSED: Final = "Invalid API Token:"
_NOT_HIS: Final = "allowed to upload to project"  # "isn't" comes escaped
_NO_PROVENANCE: Final = "No provenance available for "

_Form: TypeAlias = dict[str, tuple[str | None, str] | tuple[str, bytes]]
_FORM: Final[_Form] = {":action": (None, "file_upload"), "protocol_version": (None, "1")}
_NO_FILE: Final = ("keyless.trial", b"This is no distribution: keyless asks whether a token is accepted.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back: `words` is the reason phrase."""

    status: int
    words: str
    kind: str
    body: bytes
    tag: str = ""

    def says(self, text: str) -> bool:
        return text in self.words or text.encode() in self.body

    def because(self) -> str:
        return f"the index answers {self.status} {self.words}".strip()


def _untold(answer: _Answer) -> str:
    redirected = 300 <= answer.status < 400
    return "the index answers with a redirect, along which no token is sent" if redirected else answer.because()


class _Authorisation(httpx.Auth):
    """Basic authorisation of PyPI's token user; made when the request goes out, so that no copy stays in a local."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        yield from httpx.BasicAuth("__token__", self._token.reveal()).auth_flow(request)


class IndexService(PackageIndex):
    """The port `PackageIndex` over a real index or a simulated one (`transport`). Use it in an `async with`."""

    def __init__(
        self, index: Index, addresses: Addresses, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.index = index
        self.requests = 0
        self._seen: Seen[_Answer] = Seen()
        self._where = addresses.index(index)
        self._clock = clock
        real = addresses.realm is Realm.REAL
        if real and not (self._where.upload.startswith("https://") and self._where.site.startswith("https://")):
            raise UsageError("A real token goes to https addresses only.", hint="Check the address of the index.")
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=real,  # a company's proxy is obeyed in reality; a rehearsal stays on its own hosts
            verify=True if addresses.ca_file is None else ssl.create_default_context(cafile=addresses.ca_file),
            headers={"User-Agent": f"keyless/{__version__}"},
        )

    async def __aenter__(self) -> IndexService:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def versions(self, project: str) -> Reading[tuple[Release, ...]]:
        """Return every release with its files, newest upload first, in one request.

        Missing: the index has no such project. Unreadable: it is down, limits us, or answered something else.
        """
        from keyless.services.simple_api import NotSimple, releases

        name, what = normalise(project), f"{project} on {self.index.label}"
        answer = await self._get(f"/simple/{_part(name)}/", SIMPLE_JSON, what)
        if isinstance(answer, Unreadable):
            return answer
        if answer.status == httpx.codes.NOT_FOUND:
            return Missing(what)
        if answer.status != httpx.codes.OK:
            return Unreadable(what, answer.because())
        try:
            return Found(releases(self.index, name, answer.body))
        except NotSimple as error:
            return Unreadable(what, str(error))

    async def provenance(self, project: str, version: str, filename: str) -> Reading[bytes]:
        """Return a file's provenance as the index gave it. Missing only for the index's own "no provenance"."""
        what = f"provenance of {filename} on {self.index.label}"
        path = f"/integrity/{_part(normalise(project))}/{_part(version)}/{_part(filename)}/provenance"
        answer = await self._get(path, "application/json", what)
        return answer if isinstance(answer, Unreadable) else _provenance(answer, filename, what)

    async def probe(self, token: Secret) -> Probe:
        """Say whether the index knows the token, by the empty upload form (nothing is uploaded or created).

        Its 400 for the missing name: the identifier exists. The one 403 text: it is gone. All else: could not tell.
        """
        return await self._asked(token, {**_FORM}, self._life)

    async def trial(self, token: Secret, project: str, version: str) -> Probe:
        """Say whether the index accepts the token for this release, by a complete form for a file that can be none.

        The token is judged before the file's name (facts), so nothing is kept and "last used" stays. Its 400 for the
        extension: accepted. A 403 about the token: refused, signature, caveats and permission included.
        """
        named = {"metadata_version": "2.1", "name": project, "version": version, "filetype": "sdist"}
        fields = {**_FORM, **{name: (None, value) for name, value in named.items()}}
        fields["sha256_digest"] = (None, hashlib.sha256(_NO_FILE[1]).hexdigest())
        return await self._asked(token, {**fields, "content": _NO_FILE}, self._accepted)

    async def _asked(self, token: Secret, form: _Form, judge: Callable[[_Answer], tuple[Life, str]]) -> Probe:
        async def once() -> _Answer:
            request = self._http.build_request("POST", self._where.upload, files=form)
            return await self._send(request, _Authorisation(token))

        try:
            answer = await persist(once, Call.READ, self._clock, self.index.label)
        except TryLater as error:
            return Probe(Life.UNKNOWN, self._clock.now(), error.what)
        life, because = judge(answer)
        return Probe(life, self._clock.now(), because)

    def _life(self, answer: _Answer) -> tuple[Life, str]:
        if answer.status == httpx.codes.BAD_REQUEST and answer.says(_ALIVE):
            return Life.ALIVE, f"{self.index.label} knows the token: it asked for the upload's name"
        if answer.status == httpx.codes.FORBIDDEN and answer.says(_GONE):
            return Life.GONE, f"{self.index.label} answers: {_GONE}"
        return Life.UNKNOWN, _untold(answer)

    def _accepted(self, answer: _Answer) -> tuple[Life, str]:
        if answer.status == httpx.codes.BAD_REQUEST and answer.says(_ACCEPTED):
            return Life.ALIVE, f"{self.index.label} accepts the token: only the file was refused"
        if answer.status == httpx.codes.FORBIDDEN and any(answer.says(words) for words in (_REFUSED, _NOT_HIS, _GONE)):
            return Life.GONE, answer.because()
        return Life.UNKNOWN, _untold(answer)

    async def _get(self, path: str, accept: str, what: str) -> _Answer | Unreadable:
        async def once() -> _Answer:
            return await self._look(self._where.site + path, accept)

        try:
            return await persist(once, Call.READ, self._clock, self.index.label)
        except TryLater as error:
            return Unreadable(what, error.what)

    async def _look(self, url: str, accept: str) -> _Answer:
        """Return what is there, asking only whether it changed where it was seen before."""
        tag = self._seen.tag(url, accept)
        headers = {"Accept": accept} | ({"If-None-Match": tag} if tag else {})
        answer = await self._send(self._http.build_request("GET", url, headers=headers))
        if answer.status == httpx.codes.NOT_MODIFIED:
            kept = self._seen.again(url, accept)
            if kept is None:
                raise Trouble("it says 'not modified' about what was never seen", in_doubt=False)
            return kept
        if answer.status == httpx.codes.OK and answer.tag:
            self._seen.keep(url, accept, answer.tag, answer, len(answer.body))
        return answer

    async def _send(self, request: httpx.Request, authorisation: httpx.Auth | None = None) -> _Answer:
        """Return the answer with its body. Raises Trouble for a limit, a failure or an answer that never ends."""
        self.requests += 1
        try:
            answer = await self._http.send(request, auth=authorisation, stream=True)
            try:
                body = await _body(answer)
            finally:
                await answer.aclose()
        except httpx.RequestError as error:
            # Nothing here has an effect, so nothing is ever in doubt.
            raise Trouble(_failure(error), in_doubt=False) from None
        self._note_date(answer)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise Trouble("too many requests", in_doubt=False, limited=True, until=self._until(answer))
        if answer.is_server_error:
            raise Trouble(f"status {answer.status_code} {answer.reason_phrase}".strip(), in_doubt=False)
        kind, tag = answer.headers.get("content-type", ""), answer.headers.get("etag", "")
        return _Answer(answer.status_code, answer.reason_phrase, kind, body, tag)

    def _until(self, answer: httpx.Response) -> datetime | None:
        wait = answer.headers.get("retry-after", "")
        return self._clock.now() + timedelta(seconds=int(wait)) if wait.isascii() and wait.isdigit() else None

    def _note_date(self, answer: httpx.Response) -> None:
        with contextlib.suppress(ValueError, TypeError):  # a date that is none tells nothing
            moment = parsedate_to_datetime(answer.headers.get("date", ""))
            if moment.tzinfo is not None:
                self._clock.saw(moment, self.index.label)


def _provenance(answer: _Answer, filename: str, what: str) -> Reading[bytes]:
    match answer.status:
        case httpx.codes.OK if "json" in answer.kind:
            return Found(answer.body)
        case httpx.codes.OK:
            return Unreadable(what, "the index's answer is not JSON")
        case httpx.codes.NOT_FOUND if _message(answer) == f"{_NO_PROVENANCE}{filename}":
            return Missing(what)
        case httpx.codes.NOT_FOUND:
            return Unreadable(what, "the index knows no such file")
        case httpx.codes.FORBIDDEN:
            return Unreadable(what, "the index has switched attestations off")
        case _:
            return Unreadable(what, answer.because())


def _part(text: str) -> str:
    return quote(text, safe="")


async def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > LARGEST:
            raise Trouble("an answer larger than any of an index", in_doubt=False)
    return bytes(body)


def _failure(error: httpx.RequestError) -> str:
    match error:
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError():
            return "no connection"
        case _:
            return "the connection broke"


def _message(answer: _Answer) -> str | None:
    with contextlib.suppress(ValueError):
        said = json.loads(answer.body)
        if isinstance(said, dict) and isinstance(said.get("message"), str):
            return str(said["message"])
    return None
