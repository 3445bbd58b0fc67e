"""What became of a look at the world. "Could not read" is never "is not there" (S11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """It was read."""

    value: T


@dataclass(frozen=True, slots=True)
class Missing:
    """The service that would know says that it is not there."""

    what: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nobody can tell: `because` says why, `permission` which one is missing where the service named it."""

    what: str
    because: str
    permission: str | None = None


Reading: TypeAlias = Found[T] | Missing | Unreadable
