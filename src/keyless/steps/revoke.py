"""A person removes exactly this token on the index; then the index itself has to say that it is gone."""

from __future__ import annotations

from dataclasses import dataclass

from keyless import tokens
from keyless.engine import Check, Done, Ready, Waiting
from keyless.errors import TryLater
from keyless.model.journey import StepRecord
from keyless.model.plan import RevokeToken
from keyless.model.publisher import removal_page
from keyless.model.token import Life
from keyless.steps.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class RevokeTokenPerformer:
    """Probes with the identifier alone: the index looks a token up by it before it looks at any signature.

    So no token has to be opened, sent or even kept for this proof (warehouse: identity comes before everything else).
    """

    tools: Toolbox

    async def check(self, step: RevokeToken, record: StepRecord | None) -> Check:
        if step.identifier is None:
            return await self._unidentified(step)
        probe = await self.tools.indexes[step.index].probe(tokens.identifier_only(step.index, step.identifier))
        if probe.life is Life.GONE:
            says = f"{step.index.label} does not know token {step.identifier} any more"
            return Done(says, {"gone": True, "identifier": step.identifier, "proven_at": probe.at.isoformat()})
        if probe.life is Life.UNKNOWN:
            raise TryLater(
                f"Whether the token of {step.secret} is gone from {step.index.label} could not be told: {probe.because}.",
                hint="Run the same command again later.",
                untouched="The backup was kept.",
            )
        page = removal_page(self.tools.addresses.index(step.index).site, step.identifier)
        what = f"Remove token {step.identifier} on {step.index.label}"
        otherwise = TryLater(
            f"The token of {step.secret} is still alive on {step.index.label}.",
            hint=f"Remove it at {page} and run the same command again.",
            untouched="The backup was kept.",
        )
        advice = ("This cannot be undone: after it a rollback needs a new token.",)
        return Waiting(what, otherwise, page, advice)

    async def act(self, step: RevokeToken) -> None:
        """Nothing: a person does it."""

    async def confirm(self, step: RevokeToken) -> Done | Waiting:
        check = await self.check(step, None)
        if isinstance(check, Ready):
            raise TryLater("The token was not looked at.")
        return check

    async def _unidentified(self, step: RevokeToken) -> Check:
        site = self.tools.addresses.index(step.index).site
        because = (
            f"keyless was never given the token in {step.secret}, so it cannot tell which one it is. "
            f"Find it at {site}/manage/account/#api-tokens by its 'last used' and remove it."
        )
        if await self.tools.asks.removed_unseen(step.secret, because):
            return Done("stated by you, not proven", {"gone": None, "stated": True})
        otherwise = TryLater(f"The token in {step.secret} is not said to be removed.", hint=because)
        return Waiting(f"Remove the token that was in {step.secret}", otherwise, f"{site}/manage/account/#api-tokens")
