"""Answers that were given before, so that an unchanged one costs a 304 and no bytes (RFC 9110, section 13.1.2).

Kept in memory for one run, never on disk: what lies in a folder could be anybody's, and is no evidence.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, TypeVar

T = TypeVar("T")
MOST: Final = 48 * 1024 * 1024
"""Bytes kept at most; the answer that was not asked for longest goes first."""


class Seen(Generic[T]):
    """Answers by address and what was accepted, each with the entity tag that the service gave it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str], tuple[str, T, int]] = OrderedDict()
        self._bytes = 0

    def tag(self, url: str, accept: str) -> str | None:
        """Return the tag to send in If-None-Match, None for what was not seen."""
        kept = self._kept.get((url, accept))
        return kept[0] if kept else None

    def again(self, url: str, accept: str) -> T | None:
        """Return the answer that a 304 means."""
        kept = self._kept.get((url, accept))
        if kept is None:
            return None
        self._kept.move_to_end((url, accept))
        return kept[1]

    def keep(self, url: str, accept: str, tag: str, answer: T, size: int) -> None:
        """Keep an answer of `size` bytes, unless it alone is too large."""
        self._drop((url, accept))
        if size <= self._most:
            self._kept[url, accept] = (tag, answer, size)
            self._bytes += size
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, str]) -> None:
        kept = self._kept.pop(key, None)
        self._bytes -= kept[2] if kept else 0
