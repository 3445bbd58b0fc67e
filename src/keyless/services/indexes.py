"""PyPI and TestPyPI: releases, provenance, and whether a token exists. Nothing is ever uploaded."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final
from urllib.parse import quote

import httpx

from keyless.errors import TryLater
from keyless.model.index import Index, normalise
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.realm import Addresses
from keyless.model.release import Release
from keyless.model.token import Life, Probe
from keyless.secret import Secret
from keyless.services import upload_form
from keyless.services.index_wire import Answer, IndexWire
from keyless.services.ports import Clock, PackageIndex
from keyless.services.retry import Call, persist

SIMPLE_JSON: Final = "application/vnd.pypi.simple.v1+json"

_NO_PROVENANCE: Final = "No provenance available for "


class IndexService(PackageIndex):
    """The port `PackageIndex` over a real index or a simulated one (`transport`). Use it in an `async with`."""

    def __init__(
        self, index: Index, addresses: Addresses, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.index = index
        self.wire = IndexWire(index, addresses, clock, transport)
        self._clock = clock

    @property
    def requests(self) -> int:
        """How many requests were sent so far; a 304 counts."""
        return self.wire.requests

    async def __aenter__(self) -> IndexService:
        await self.wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.wire.__aexit__(kind, error, trace)

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
        return await self._asked(token, upload_form.EXISTENCE, self._known)

    async def trial(self, token: Secret, project: str, version: str) -> Probe:
        """Say whether the index accepts the token for this release, by a complete form for a file that can be none.

        The token is judged before the file's name, so nothing is kept and "last used" stays. Its 400 for the extension:
        accepted. A 403 about the token: refused, signature, caveats and permission included.
        """
        return await self._asked(token, upload_form.trial(project, version), self._accepted)

    async def _asked(self, token: Secret, form: upload_form.Form, judge: Callable[[Answer], tuple[Life, str]]) -> Probe:
        async def once() -> Answer:
            return await self.wire.post(self.wire.where.upload, form, token)

        try:
            answer = await persist(once, Call.READ, self._clock, self.index.label)
        except TryLater as error:
            return Probe(Life.UNKNOWN, self._clock.now(), error.what)
        life, because = judge(answer)
        return Probe(life, self._clock.now(), because)

    def _known(self, answer: Answer) -> tuple[Life, str]:
        match upload_form.known(answer):
            case Life.ALIVE:
                return Life.ALIVE, f"{self.index.label} knows the token: it asked for the upload's name"
            case Life.GONE:
                return Life.GONE, f"{self.index.label} answers: Invalid or non-existent authentication information"
            case Life.UNKNOWN:
                return Life.UNKNOWN, upload_form.untold(answer)

    def _accepted(self, answer: Answer) -> tuple[Life, str]:
        match upload_form.accepted(answer):
            case Life.ALIVE:
                return Life.ALIVE, f"{self.index.label} accepts the token: only the file was refused"
            case Life.GONE:
                return Life.GONE, answer.because()
            case Life.UNKNOWN:
                return Life.UNKNOWN, upload_form.untold(answer)

    async def _get(self, path: str, accept: str, what: str) -> Answer | Unreadable:
        async def once() -> Answer:
            return await self.wire.look(path, accept)

        try:
            return await persist(once, Call.READ, self._clock, self.index.label)
        except TryLater as error:
            return Unreadable(what, error.what.rstrip("."))


def _provenance(answer: Answer, filename: str, what: str) -> Reading[bytes]:
    match answer.status:
        case httpx.codes.OK if "json" in answer.kind:
            return Found(answer.body)
        case httpx.codes.OK:
            return Unreadable(what, "the index's answer is not JSON")
        case httpx.codes.NOT_FOUND if answer.document().get("message") == f"{_NO_PROVENANCE}{filename}":
            return Missing(what)
        case httpx.codes.NOT_FOUND:
            return Unreadable(what, "the index knows no such file")
        case httpx.codes.FORBIDDEN:
            return Unreadable(what, "the index has switched attestations off")
        case _:
            return Unreadable(what, answer.because())


def _part(text: str) -> str:
    return quote(text, safe="")
