"""Tokens of real length, made as PyPI makes them."""

from __future__ import annotations

import json

import pymacaroons

IDENTIFIER = "12345678-9abc-4def-8123-456789abcdef"


def token(location: str = "pypi.org", *caveats: object) -> str:
    """Return the text of a token as the index would show it once."""
    made = pymacaroons.Macaroon(
        location=location, identifier=IDENTIFIER, key="root key of this test", version=pymacaroons.MACAROON_V2
    )
    for caveat in caveats or ([3, "00000000-1111-4222-8333-444444444444"],):
        made.add_first_party_caveat(json.dumps(caveat))
    return f"pypi-{made.serialize()}"
