"""The identity of the GitHub Actions job in which this program runs, asked for as GitHub's own tools do.

GitHub gives a job with `id-token: write` an address and a request token in its environment. The request token goes to a
host of GitHub's only, and never along a redirect (S7). Source: GitHub's documentation, "OpenID Connect reference".
"""

from __future__ import annotations

import base64
import json
import os
import ssl
from collections.abc import Generator, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

from keyless.errors import NotAllowed, TryLater, UsageError
from keyless.model.preflight import Identity
from keyless.model.realm import Addresses, Realm
from keyless.secret import Secret
from keyless.services.ports import JobIdentity

URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # a variable's name
CLAIMS: Final = (
    "sub",
    "repository",
    "repository_owner",
    "repository_owner_id",
    "job_workflow_ref",
    "workflow_ref",
    "ref",
    "event_name",
    "environment",
)
"""The claims that an index compares (facts on PyPI), and the two by which a run is recognised. Others are not kept."""

_PATIENCE: Final = 30.0


class _Bearer(httpx.Auth):
    """Made when the request goes out, so that no copy stays in a local."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"bearer {self._token.reveal()}"
        yield request


class GitHubJob(JobIdentity):
    """The port `JobIdentity`. `environment` are the job's variables; `transport` a simulated network."""

    def __init__(
        self,
        addresses: Addresses,
        environment: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        variables = os.environ if environment is None else environment
        self._addresses = addresses
        self._transport = transport
        self._running = variables.get("GITHUB_ACTIONS", "") == "true"
        self._url = variables.get(URL, "").strip()
        self._token = Secret(variables.get(TOKEN, "").strip())

    def require(self) -> None:
        """Raise UsageError outside of a job, and for an address that is none of GitHub's; NotAllowed in a job without
        the permission.
        """
        if not self._running:
            raise UsageError(
                "Only a job of GitHub Actions has the identity that is tried here, and this is none.",
                hint="--print-workflow with --expect OWNER/REPO:workflow.yml prints the job that runs it.",
            )
        if not self._url or not self._token:
            raise NotAllowed(
                "GitHub gives this job no identity: the permission 'id-token: write' is missing, or the run is for a pull "
                "request from a fork.",
                hint="Give the job 'permissions: id-token: write'.",
            )
        if not _is_github(self._url, self._addresses):
            raise UsageError(
                f"{URL} leads to {urlsplit(self._url).hostname or 'no host'}, which is none of GitHub's, so nothing was "
                "sent there.",
                hint="Run it in a job of github.com.",
            )

    async def ask(self, audience: str) -> Identity:
        """Return this job's identity for `audience`. Raises what `require` raises, and TryLater."""
        self.require()
        url = f"{self._url}{'&' if '?' in self._url else '?'}audience={quote(audience, safe='')}"
        authority = self._addresses.ca_file
        client = httpx.AsyncClient(
            transport=self._transport,
            timeout=_PATIENCE,
            follow_redirects=False,
            trust_env=self._addresses.realm is Realm.REAL,
            verify=True if authority is None else ssl.create_default_context(cafile=authority),
        )
        try:
            async with client:
                answer = await client.get(url, auth=_Bearer(self._token))
        except httpx.RequestError as error:
            kind = type(error).__name__
        else:
            return _identity(answer)
        raise TryLater(f"GitHub gave no answer when asked for this job's identity ({kind}).", hint="Run it again.")


def _is_github(url: str, addresses: Addresses) -> bool:
    """Whether `url` is where this realm's jobs get their identity: https and a host of GitHub's, or a rehearsal's own."""
    parts = urlsplit(url)
    if addresses.realm is Realm.REHEARSAL:
        return f"{parts.scheme}://{parts.netloc}" == addresses.issuer
    host = parts.hostname or ""
    return parts.scheme == "https" and not parts.username and host.endswith(f".{addresses.issuer}")


def _identity(answer: httpx.Response) -> Identity:
    """Return the identity in GitHub's answer. No error names what was in it."""
    try:
        text = answer.json()["value"] if answer.status_code == httpx.codes.OK else None
        if isinstance(text, str):
            return Identity(Secret(text), _claims(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        text = None  # what was in it stays in no frame that a traceback may show
    raise TryLater(
        f"GitHub gave this job no identity that can be read (status {answer.status_code}).", hint="Run the job again."
    )


def _claims(text: str) -> dict[str, str]:
    part = text.partition(".")[2].partition(".")[0]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return {name: str(claims[name]) for name in CLAIMS if claims.get(name)}
