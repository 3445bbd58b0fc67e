"""One request to GitHub: the only import of githubkit, with every default set that facts/github.md warns of."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Generic, TypeAlias, TypeVar

import githubkit
import httpx
from githubkit.auth import BaseAuthStrategy
from githubkit.exception import GitHubException, GraphQLFailed, RateLimitExceeded, RequestError, RequestFailed
from githubkit.throttling import LocalThrottler
from pydantic import TypeAdapter, ValidationError

from keyless import __version__
from keyless.errors import UsageError
from keyless.model.realm import Addresses, Realm
from keyless.secret import Secret
from keyless.services.github import refusals
from keyless.services.no_answer import no_answer
from keyless.services.ports import Clock
from keyless.services.retry import Trouble

T = TypeVar("T")
Value: TypeAlias = bool | int | str | Sequence["Value"] | Mapping[str, "Value"] | None
Parameters: TypeAlias = Mapping[str, str | int]

HEADERS: Final = {"X-GitHub-Api-Version": "2026-03-10"}
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
AT_ONCE: Final = 20


class _Authorisation(httpx.Auth, BaseAuthStrategy):
    """Puts the token into one header. githubkit's own strategy would print it in its repr."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def get_auth_flow(self, github: object) -> httpx.Auth:
        return self

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """An answer of GitHub: `value` is what it says, None where it refuses, redirects or was not asked for a body."""

    response: httpx.Response
    value: T | None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code


class GraphQLRefused(Exception):
    """GraphQL answered with errors: their types and words. Stays inside this package."""

    def __init__(self, types: frozenset[str], words: str) -> None:
        super().__init__(words)
        self.types, self.words = types, words

    @property
    def because(self) -> str:
        """Why nothing came, in words."""
        if "NOT_FOUND" in self.types:
            return f"{refusals.CANNOT_SEE} ({self.words})"
        return f"GitHub answers: {self.words}"

    def permission(self, needed: str) -> str | None:
        """Return `needed` when a permission was what lacked (GraphQL does not say which)."""
        return needed if self.types & {"FORBIDDEN", "INSUFFICIENT_SCOPES"} else None


class Client:
    """Sends one request at a time as asked: no retries, no redirects, no cache. Enter it once, in the parent task."""

    def __init__(
        self,
        addresses: Addresses,
        token: Secret,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None,
        sent: Callable[[], None],
    ) -> None:
        """`sent` is called for every request that goes out."""
        real = addresses.realm is Realm.REAL
        self.base = httpx.URL(addresses.github_api)
        if real and self.base.scheme != "https":
            raise UsageError("A real GitHub token goes to https addresses only.", hint="Check the address of GitHub.")
        self._sent = sent
        self._web = addresses.github_web
        self._clock = clock
        self._github = githubkit.GitHub(
            _Authorisation(token),
            base_url=addresses.github_api,
            user_agent=f"keyless/{__version__}",
            timeout=TIMEOUT,
            auto_retry=False,
            http_cache=False,
            follow_redirects=False,
            trust_env=real,  # a company's proxy is obeyed in reality; a rehearsal stays on its own hosts
            ssl_verify=True if addresses.ca_file is None else ssl.create_default_context(cafile=addresses.ca_file),
            async_transport=transport,
            throttler=LocalThrottler(AT_ONCE),
            async_event_hooks={"request": [self._count], "response": [self._note_date]},
        )

    def __repr__(self) -> str:
        return f"<Client of {self.base}>"

    async def __aenter__(self) -> Client:
        await self._github.__aenter__()  # type: ignore[no-untyped-call]
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._github.__aexit__()

    async def _count(self, _request: httpx.Request) -> None:
        self._sent()

    async def _note_date(self, response: httpx.Response) -> None:
        with contextlib.suppress(ValueError, TypeError):  # a date that is none tells nothing
            moment = parsedate_to_datetime(response.headers.get("date", ""))
            if moment.tzinfo is not None:
                self._clock.saw(moment, "GitHub")

    async def send(
        self,
        method: str,
        path: str,
        model: type[T] | None = None,
        *,
        params: Parameters | None = None,
        body: Mapping[str, Value] | None = None,
    ) -> Reply[T]:
        """Return the answer. Raises Trouble for a limit, a failure or nonsense, NotAllowed for a refused token."""
        changes = method != "GET"
        try:
            request = self._github.arequest(method, path, params=params, json=body, headers=HEADERS)
            response = (await request).raw_response
        except RequestFailed as error:
            response = error.response.raw_response
        except RequestError as error:
            raise _failure(error.exc, changes=changes) from error
        except ValueError as error:  # githubkit on a rate-limit header that is no number
            raise Trouble("a limit without a usable time", in_doubt=False, limited=True) from error
        self._judge(response, changes=changes)
        return Reply(response, _parse(model, response, changes=changes) if response.is_success and model else None)

    def _judge(self, response: httpx.Response, *, changes: bool) -> None:
        limited = refusals.limit(response, self._clock.now())
        if limited is not None:
            raise limited
        if response.is_server_error:
            raise Trouble(f"status {response.status_code}", in_doubt=changes)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise refusals.not_authenticated(self._web)

    async def query(self, text: str, variables: Mapping[str, Value], model: type[T], *, changes: bool) -> T:
        """Return a GraphQL answer's data. Raises GraphQLRefused for its errors, otherwise as `send` does."""
        data = await self._data(self._github.graphql.arequest(text, dict(variables)), changes=changes)
        try:
            return TypeAdapter(model).validate_python(data)
        except ValidationError as error:
            raise Trouble("an answer that is not what GraphQL was asked for", in_doubt=changes) from error

    async def _data(self, request: Awaitable[object], *, changes: bool) -> object:
        try:
            return await request
        except GraphQLFailed as error:
            errors = error.response.errors or []
            types = frozenset(str(each.type) for each in errors if each.type)
            raise GraphQLRefused(types, "; ".join(each.message for each in errors)) from error
        except RateLimitExceeded as error:
            raise Trouble(
                "a limit of GraphQL", in_doubt=False, limited=True, until=self._clock.now() + error.retry_after
            ) from error
        except RequestFailed as error:
            self._judge(error.response.raw_response, changes=changes)
            raise GraphQLRefused(frozenset(), refusals.unreadable_because(error.response.raw_response)) from error
        except RequestError as error:
            raise _failure(error.exc, changes=changes) from error
        except (ValueError, GitHubException) as error:
            raise Trouble("an answer that is not GraphQL", in_doubt=changes) from error


def _failure(error: Exception, *, changes: bool) -> Trouble:
    """Return the trouble in a failed request; anything that is not the network's doing is a bug and passes."""
    if not isinstance(error, httpx.RequestError):
        raise error
    never_sent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
    return Trouble(no_answer(error), in_doubt=changes and not never_sent)


def _parse(model: type[T], response: httpx.Response, *, changes: bool) -> T:
    try:
        return TypeAdapter(model).validate_json(response.content)
    except ValidationError:
        # Not chained: pydantic quotes the input, and nothing of an answer belongs in a traceback.
        raise Trouble("an answer that cannot be understood", in_doubt=changes) from None
