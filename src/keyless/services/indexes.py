"""PyPI and TestPyPI: releases, provenance, and whether a token exists. Nothing is ever uploaded.

Facts: facts of warehouse's source about the simple API (PEP 691, 700, 740), the Integrity API and the upload endpoint.
A credential goes to exactly one address, its own index's upload endpoint, and never along a redirect (S7).
"""

from __future__ import annotations

import contextlib
import re
import ssl
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final
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

SIMPLE_JSON: Final = "application/vnd.pypi.simple.v1+json"
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer that are read at most; the simple page of the largest projects has about 10 MB."""

_GONE: Final = "Invalid or non-existent authentication information."
_ALIVE: Final = "is an invalid value for Name"
_NO_PROVENANCE: Final = "No provenance available for "


class IndexService(PackageIndex):
    """The port `PackageIndex` over the real index or a simulated one (`transport`). Close it with `async with`."""

    def __init__(
        self, index: Index, addresses: Addresses, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.index = index
        self.requests = 0
        self._where = addresses.index(index)
        self._clock = clock
        real = addresses.realm is Realm.REAL
        if real and not (self._where.upload.startswith("https://") and self._where.site.startswith("https://")):
            raise UsageError("A real token goes to https addresses only.", hint="Check the address of the index.")
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=real,
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

        Missing: the index has no such project. Unreadable: it is down, or answered something else.
        """
        from keyless.services.simple_api import NotSimple, releases

        name, what = normalise(project), f"{project} on {self.index.label}"
        answer = await self._get(f"{self._where.site}/simple/{_part(name)}/", SIMPLE_JSON, what)
        if isinstance(answer, Unreadable):
            return answer
        if answer.status_code == httpx.codes.NOT_FOUND:
            return Missing(what)
        if answer.status_code != httpx.codes.OK:
            return Unreadable(what, _words(answer))
        try:
            return Found(releases(self.index, name, answer.content))
        except NotSimple as error:
            return Unreadable(what, str(error))

    async def provenance(self, project: str, version: str, filename: str) -> Reading[bytes]:
        """Return a file's provenance as the index gave it. Missing only for the index's own "no provenance"."""
        what = f"provenance of {filename} on {self.index.label}"
        path = f"/integrity/{_part(normalise(project))}/{_part(version)}/{_part(filename)}/provenance"
        answer = await self._get(f"{self._where.site}{path}", "application/json", what)
        if isinstance(answer, Unreadable):
            return answer
        if answer.status_code == httpx.codes.OK:
            return Found(answer.content) if _is_json(answer) else Unreadable(what, "the answer is not JSON")
        if answer.status_code == httpx.codes.NOT_FOUND:
            if _message(answer) == f"{_NO_PROVENANCE}{filename}":
                return Missing(what)
            return Unreadable(what, "the index knows no such file")
        if answer.status_code == httpx.codes.FORBIDDEN:
            return Unreadable(what, "the index has switched attestations off")
        return Unreadable(what, _words(answer))

    async def probe(self, token: Secret) -> Probe:
        """Say whether the index knows the token, by the empty upload form (nothing is uploaded or created).

        400 for the missing name: the identifier exists. The one 403 text: it is gone. All else could not tell.
        """
        try:
            answer = await persist(lambda: self._empty_form(token), Call.READ, self._clock, self.index.label)
        except TryLater as error:
            return Probe(Life.UNKNOWN, self._clock.now(), error.what)
        life, because = _life(answer)
        return Probe(life, self._clock.now(), because)

    async def _empty_form(self, token: Secret) -> httpx.Response:
        request = self._http.build_request(
            "POST",
            self._where.upload,
            files={":action": (None, "file_upload"), "protocol_version": (None, "1")},
        )
        return await self._send(request, httpx.BasicAuth("__token__", token.reveal()))

    async def _get(self, address: str, accept: str, what: str) -> httpx.Response | Unreadable:
        request = self._http.build_request("GET", address, headers={"Accept": accept})
        try:
            return await persist(lambda: self._send(request), Call.READ, self._clock, self.index.label)
        except TryLater as error:
            return Unreadable(what, error.what)

    async def _send(self, request: httpx.Request, authorisation: httpx.Auth | None = None) -> httpx.Response:
        """Return the answer, with its body. Raises Trouble for a limit, a failure or an answer that never ends."""
        self.requests += 1
        try:
            answer = await self._http.send(request, auth=authorisation, stream=True)
            try:
                await _read(answer)
            finally:
                await answer.aclose()
        except httpx.RequestError as error:
            raise Trouble(f"no answer ({type(error).__name__})", in_doubt=False) from None
        self._note_date(answer)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise Trouble("too many requests", in_doubt=False, limited=True)
        if answer.is_server_error:
            raise Trouble(f"status {answer.status_code}", in_doubt=False)
        return answer

    def _note_date(self, answer: httpx.Response) -> None:
        with contextlib.suppress(ValueError, TypeError):  # a date that is none tells nothing
            moment = parsedate_to_datetime(answer.headers.get("date", ""))
            if moment.tzinfo is not None:
                self._clock.saw(moment)


async def _read(answer: httpx.Response) -> None:
    """Read the body up to `LARGEST` bytes into `answer`."""
    pieces, size = [], 0
    async for piece in answer.aiter_bytes():
        size += len(piece)
        if size > LARGEST:
            raise Trouble("an answer that is larger than any of an index", in_doubt=False)
        pieces.append(piece)
    answer._content = b"".join(pieces)
