"""The exchange of a job's identity for a short-lived upload token, by the same requests as in life."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyless.rehearsal.issuer import Issuer, id_token_url
from keyless.rehearsal.runner.job import ISSUER_BASE, RunningJob
from keyless.rehearsal.runner.upload import Destination, client
from keyless.secret import Secret

if TYPE_CHECKING:
    import httpx

NO_REQUEST_TOKEN = (
    "GitHub: missing or insufficient OIDC token permissions, "
    "the ACTIONS_ID_TOKEN_REQUEST_TOKEN environment variable was unset"
)


class NoIdentity(Exception):
    """GitHub gives this job no identity token: the text is that of the library `id`."""


class NoAudience(Exception):
    """The index does not say which audience it wants."""


class ExchangeRefused(Exception):
    """The index refused the identity: `reasons` are (code, description); empty when its answer made no sense."""

    def __init__(self, status: int, reasons: tuple[tuple[str, str], ...], claims: dict[str, str]) -> None:
        super().__init__(status, reasons)
        self.status, self.reasons, self.claims = status, reasons, claims


@dataclass(frozen=True, slots=True)
class Minted:
    """An upload token, and the index that minted it."""

    token: Secret
    to: Destination


async def exchange(job: RunningJob, to: Destination) -> Minted:
    """Return an upload token for this job. Raises NoAudience, NoIdentity, ExchangeRefused."""
    import httpx

    async with client(job.run.services) as session:
        try:
            audience = await _audience(session, to)
            identity = await _identity(session, job, audience)
            answer = await session.post(f"{to.base}/_/oidc/mint-token", json={"token": identity})
        except httpx.TransportError as error:
            raise NoAudience(f"repository at {to.base} did not answer: {type(error).__name__}") from error
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.is_success and isinstance(body, dict) and isinstance(body.get("token"), str):
        return Minted(Secret(body["token"]), to)
    raise ExchangeRefused(answer.status_code, _reasons(body), _claims(identity))


async def burn(job: RunningJob, minted: Minted) -> None:
    """Give an upload token back, as uv does after every upload. A refusal is no failure."""
    async with client(job.run.services) as session:
        await session.post(f"{minted.to.base}/_/oidc/burn-token", json={"token": minted.token.reveal()})


async def _audience(session: httpx.AsyncClient, to: Destination) -> str:
    answer = await session.get(f"{to.base}/_/oidc/audience")
    domain = to.written.partition("://")[2].partition("/")[0]
    match answer.status_code:
        case 200:
            return str(answer.json()["audience"])
        case 403:
            raise NoAudience(f"repository at {domain} has trusted publishing disabled")
        case 404:
            raise NoAudience(f"repository at {domain} does not indicate trusted publishing support")
        case other:
            raise NoAudience(f"repository at {domain} responded with unexpected {other}: {answer.reason_phrase}")


async def _identity(session: httpx.AsyncClient, job: RunningJob, audience: str) -> str:
    if not job.id_token:
        raise NoIdentity(NO_REQUEST_TOKEN)
    if job.request_token is None:
        job.request_token = Issuer(job.run.services.store).grant(job.claims())
    headers = {"Authorization": f"bearer {job.request_token}"}
    answer = await session.get(f"{id_token_url(ISSUER_BASE)}&audience={audience}", headers=headers)
    if answer.status_code != 200:
        raise NoIdentity(f"GitHub: OIDC token request failed (code={answer.status_code}, body={answer.text!r})")
    return str(answer.json()["value"])


def _reasons(body: object) -> tuple[tuple[str, str], ...]:
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return ()
    return tuple((str(one.get("code")), str(one.get("description"))) for one in errors if isinstance(one, dict))


def _claims(identity: str) -> dict[str, str]:
    part = identity.split(".")[1]
    claims: dict[str, str] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
