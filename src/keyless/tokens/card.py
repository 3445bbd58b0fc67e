"""A token's identity card: what its own text says, offline. Nothing of it could rebuild the token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from keyless.model.index import Index
from keyless.model.token import Scope, TokenCard
from keyless.secret import Secret
from keyless.tokens.caveats import (
    Caveat,
    Expiration,
    OidcPublisher,
    ProjectIds,
    ProjectNames,
    RequestUser,
    Unknown,
    WholeAccount,
    understand,
)
from keyless.tokens.macaroon import NotAToken, parse

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def read(token: Secret) -> TokenCard:
    """Return the card of `token`. Raises NotAToken; whether the index still knows the token is not to be seen here."""
    macaroon = parse(token)
    if not _UUID.fullmatch(macaroon.identifier):
        raise NotAToken(
            "This is not a PyPI API token: its identifier is no UUID.",
            hint="It may be a macaroon of another service.",
        )
    caveats = tuple(understand(raw) for raw in macaroon.caveats)
    return TokenCard(
        index=next((index for index in Index if index.location == macaroon.location), None),
        identifier=macaroon.identifier.lower(),
        scope=_scope(caveats),
        projects=_common([caveat.usable for caveat in caveats if isinstance(caveat, ProjectNames)]),
        project_ids=_common([frozenset(caveat.ids) for caveat in caveats if isinstance(caveat, ProjectIds)]),
        user_id=next((caveat.user_id for caveat in caveats if isinstance(caveat, RequestUser)), None),
        publisher_id=next((caveat.publisher_id for caveat in caveats if isinstance(caveat, OidcPublisher)), None),
        not_before=_latest(caveat.not_before for caveat in caveats if isinstance(caveat, Expiration)),
        expires_at=_earliest(caveat.expires_at for caveat in caveats if isinstance(caveat, Expiration)),
        length=len(token),
        caveats=tuple(str(caveat) for caveat in caveats),
        unknown=tuple(str(caveat) for caveat in caveats if isinstance(caveat, Unknown)),
    )


def _scope(caveats: Sequence[Caveat]) -> Scope:
    """Return the narrowest that the caveats state. None at all is UNSTATED: PyPI may keep them on its side."""
    kinds = {type(caveat) for caveat in caveats}
    if OidcPublisher in kinds:
        return Scope.MINTED
    if kinds & {ProjectNames, ProjectIds}:
        return Scope.PROJECTS
    if kinds & {RequestUser, WholeAccount}:
        return Scope.ACCOUNT
    return Scope.UNSTATED


def _common(restrictions: Sequence[frozenset[str]]) -> tuple[str, ...] | None:
    """Return what every restriction allows, in order; None without any restriction."""
    if not restrictions:
        return None
    return tuple(sorted(frozenset.intersection(*restrictions)))


def _latest(moments: Iterable[datetime]) -> datetime | None:
    return max(moments, default=None)


def _earliest(moments: Iterable[datetime]) -> datetime | None:
    return min(moments, default=None)
