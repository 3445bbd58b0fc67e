"""What became of a look at the world. "Could not read" is never "is not there" (S11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Found(Generic[T_co]):
    """It was read."""

    value: T_co


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


Reading: TypeAlias = Found[T_co] | Missing | Unreadable
