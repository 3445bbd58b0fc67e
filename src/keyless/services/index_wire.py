"""One index over HTTP: requests, answers, entity tags, limits and dates. What the answers mean is for the callers to say.

A credential goes to exactly one address, one of its own index, and never along a redirect (S7).
"""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Final

import httpx

from keyless import __version__
from keyless.errors import UsageError
from keyless.model.index import Index
from keyless.model.realm import Addresses, Realm
from keyless.secret import Secret
from keyless.services.no_answer import no_answer
from keyless.services.ports import Clock
from keyless.services.retry import Trouble
from keyless.services.seen import Seen

TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer that are read at most; the simple pages of the largest projects have about 10 MB."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `words` is the reason phrase. The body is never part of its `repr`: a minted token is in one."""

    status: int
    words: str
    kind: str
    body: bytes = field(repr=False)
    tag: str = ""

    def says(self, text: str) -> bool:
        """Whether `text` stands in the reason phrase or in the body: warehouse puts its words into both."""
        return text in self.words or text.encode() in self.body

    def because(self) -> str:
        """Return the status line in words."""
        return f"the index answers {self.status} {self.words}".strip()

    def document(self) -> Mapping[str, object]:
        """Return the body's JSON object; an empty one for anything else."""
        with contextlib.suppress(ValueError):
            said = json.loads(self.body)
            if isinstance(said, dict):
                return said
        return {}


class TokenUser(httpx.Auth):
    """Basic authorisation of PyPI's token user; made when the request goes out, so that no copy stays in a local."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        yield from httpx.BasicAuth("__token__", self._token.reveal()).auth_flow(request)


class IndexWire:
    """A connection to one index (`transport`: a simulated one). Use it in an `async with`; `requests` counts."""

    def __init__(
        self, index: Index, addresses: Addresses, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.index = index
        self.clock = clock
        self.requests = 0
        self.where = addresses.index(index)
        self._seen: Seen[Answer] = Seen()
        real = addresses.realm is Realm.REAL
        if real and not (self.where.upload.startswith("https://") and self.where.site.startswith("https://")):
            raise UsageError("A real token goes to https addresses only.", hint="Check the address of the index.")
        self.http = httpx.AsyncClient(
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=real,  # a company's proxy is obeyed in reality; a rehearsal stays on its own hosts
            verify=True if addresses.ca_file is None else ssl.create_default_context(cafile=addresses.ca_file),
            headers={"User-Agent": f"keyless/{__version__}"},
        )

    async def __aenter__(self) -> IndexWire:
        await self.http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.__aexit__(kind, error, trace)

    async def look(self, path: str, accept: str) -> Answer:
        """Return what is at `path` of the site, asking only whether it changed where it was seen before."""
        url = self.where.site + path
        tag = self._seen.tag(url, accept)
        headers = {"Accept": accept} | ({"If-None-Match": tag} if tag else {})
        answer = await self.send(self.http.build_request("GET", url, headers=headers))
        if answer.status == httpx.codes.NOT_MODIFIED:
            kept = self._seen.again(url, accept)
            if kept is None:
                raise Trouble("it says 'not modified' about what was never seen", in_doubt=False)
            return kept
        if answer.status == httpx.codes.OK and answer.tag:
            self._seen.keep(url, accept, answer.tag, answer, len(answer.body))
        return answer

    async def post(self, url: str, fields: Mapping[str, tuple[str | None, str | bytes]], token: Secret) -> Answer:
        """Return the answer to a form that `token` authorises."""
        return await self.send(self.http.build_request("POST", url, files=dict(fields)), TokenUser(token))

    async def send(self, request: httpx.Request, authorisation: httpx.Auth | None = None) -> Answer:
        """Return the answer with its body. Raises Trouble for a limit, a failure or an answer that never ends."""
        self.requests += 1
        try:
            answer = await self.http.send(request, auth=authorisation, stream=True)
            try:
                body = await _body(answer)
            finally:
                await answer.aclose()
        except httpx.RequestError as error:
            # Nothing here has an effect, so nothing is ever in doubt.
            raise Trouble(no_answer(error), in_doubt=False) from None
        self._note_date(answer)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise Trouble("too many requests", in_doubt=False, limited=True, until=self._until(answer))
        if answer.is_server_error:
            raise Trouble(f"status {answer.status_code} {answer.reason_phrase}".strip(), in_doubt=False)
        kind, tag = answer.headers.get("content-type", ""), answer.headers.get("etag", "")
        return Answer(answer.status_code, answer.reason_phrase, kind, body, tag)

    def _until(self, answer: httpx.Response) -> datetime | None:
        wait = answer.headers.get("retry-after", "")
        return self.clock.now() + timedelta(seconds=int(wait)) if wait.isascii() and wait.isdigit() else None

    def _note_date(self, answer: httpx.Response) -> None:
        with contextlib.suppress(ValueError, TypeError):  # a date that is none tells nothing
            moment = parsedate_to_datetime(answer.headers.get("date", ""))
            if moment.tzinfo is not None:
                self.clock.saw(moment, self.index.label)


async def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > LARGEST:
            raise Trouble("an answer larger than any of an index", in_doubt=False)
    return bytes(body)
