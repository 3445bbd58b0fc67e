"""Trusted publishing's exchange with one index, as a publishing tool does it, up to the upload, which never comes.

Facts: warehouse (oidc/views.py, forklift/legacy.py) and facts on PyPI. Minting looks for a *pending* publisher first, of
whichever project, and creates that project: the caller has to know that none can match before it mints.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx

from keyless.errors import TryLater
from keyless.model.preflight import Minted, Reach
from keyless.model.refusal import Refusal
from keyless.model.token import Life
from keyless.secret import Secret
from keyless.services import upload_form
from keyless.services.index_wire import Answer, IndexWire
from keyless.services.ports import Exchange
from keyless.services.retry import Call, Trouble, persist


class ExchangeService(Exchange):
    """The port `Exchange` over an index's connection."""

    def __init__(self, wire: IndexWire) -> None:
        self._wire = wire

    async def audience(self) -> str:
        """Return whom an identity has to be made for. Raises TryLater when the index does not say."""
        answer = await persist(
            lambda: self._wire.look("/_/oidc/audience", "application/json"), Call.READ, self._wire.clock, self._label
        )
        audience = answer.document().get("audience")
        if answer.status == httpx.codes.OK and isinstance(audience, str) and audience:
            return audience
        switched_off = answer.status == httpx.codes.FORBIDDEN
        raise TryLater(
            f"{self._label} {'has switched trusted publishing off' if switched_off else 'does not say for whom'}: "
            f"{answer.because()}.",
            hint="Try again later.",
        )

    async def mint(self, identity: Secret) -> Minted | Refusal:
        """Exchange a job's identity for an upload token, in one try: an identity serves once.

        Returns the index's refusal with its codes, and raises TryLater for whatever is neither.
        """
        answer = await self._once(lambda: self._wire.send(self._request(identity)))
        minted = _minted(answer)
        if minted is not None:
            return minted
        reasons = _reasons(answer.document().get("errors"))
        if answer.status == httpx.codes.UNPROCESSABLE_ENTITY and reasons:
            return Refusal(reasons, {})
        raise TryLater(
            f"{self._label} answered the exchange with neither a token nor a reason ({answer.status}).",
            hint="Try again later.",
        )

    async def reach(self, token: Secret, project: str, version: str) -> tuple[Reach, str]:
        """Say whether a minted token may upload to `project`, and in whose words.

        `version` has to exist: then the index looks at the token's permission and next at the file's name, which cannot
        be right. Nothing is uploaded or created, and a minted token could create no project anyway.
        """
        form = upload_form.trial(project, version)
        try:
            answer = await self._once(lambda: self._wire.post(self._wire.where.upload, form, token))
        except TryLater as error:
            return Reach.UNKNOWN, error.what
        if upload_form.accepted(answer) is Life.ALIVE:
            return Reach.YES, f"{self._label} let it as far as the file's name"
        if upload_form.of_another_project(answer):
            return Reach.NO, f"{self._label} says that the token is not for this project"
        return Reach.UNKNOWN, answer.because()

    @property
    def _label(self) -> str:
        return self._wire.index.label

    def _request(self, identity: Secret) -> httpx.Request:
        url = f"{self._wire.where.site}/_/oidc/mint-token"
        return self._wire.http.build_request("POST", url, json={"token": identity.reveal()})

    async def _once(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            return await call()
        except Trouble as trouble:
            because = trouble.because
        raise TryLater(f"{self._label} gave no usable answer: {because}.", hint="Try again later.")


def _minted(answer: Answer) -> Minted | None:
    """Read a token by itself, so that no frame that raises has it among its locals."""
    said = answer.document()
    token, expires = said.get("token"), said.get("expires")
    if answer.status != httpx.codes.OK or not isinstance(token, str) or not isinstance(expires, int):
        return None
    return Minted(Secret(token), datetime.fromtimestamp(expires, UTC))


def _reasons(errors: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(errors, list):
        return ()
    return tuple((str(one.get("code")), str(one.get("description"))) for one in errors if isinstance(one, dict))
