"""Read a PyPI API token offline, make its identity card, narrow it, and say what is odd about it. Pure."""

from keyless.tokens.card import read
from keyless.tokens.concerns import concerns
from keyless.tokens.macaroon import NotAToken
from keyless.tokens.narrowing import narrow
from keyless.tokens.question import identifier_only

__all__ = ["NotAToken", "concerns", "identifier_only", "narrow", "read"]
