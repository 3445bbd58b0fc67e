"""Who asks, and what an endpoint asks for: the two sides that access.py compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyless.rehearsal.github import accounts


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a token, and what the token may. `repositories` are ids, None: all that the person sees."""

    login: str
    kind: str
    scopes: frozenset[str]
    permissions: Mapping[str, str]
    repositories: frozenset[int] | None

    @property
    def fine_grained(self) -> bool:
        """Say whether the token is fine-grained."""
        return self.kind == accounts.FINE_GRAINED


@dataclass(frozen=True, slots=True)
class Needs:
    """What an endpoint asks for: a fine-grained `permission` at a `level`, or one of the classic `scopes`; and `role`,
    which the person must have there. `public`: anyone may read it where the repository is public.
    """

    permission: str = "metadata"
    level: str = "read"
    role: str = "read"
    scopes: tuple[str, ...] = ("repo",)
    public: bool = False

    @property
    def header(self) -> str:
        """Return the value of X-Accepted-GitHub-Permissions."""
        return f"{self.permission}={self.level}"


ANYONE = Needs(scopes=(), public=True)
SIGNED_IN = Needs(scopes=())
