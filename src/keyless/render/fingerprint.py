"""The fingerprint by which GitHub's code scanning knows a line again when it moves. Pure.

As `upload-sarif` (github/codeql-action) computes it where a file has none, so that an upload by any way gives the same:
a hash over the hundred characters from the line's beginning, without spaces and tabs, each kind of line end being one,
and a count for lines that hash alike.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Final

_WIDTH: Final = 100
_FACTOR: Final = 37
_WORD: Final = 1 << 64
_END: Final = 65535
"""Stands for the end of the file; zeros follow it."""


def line_fingerprint(content: bytes, line: int) -> str | None:
    """Return the fingerprint of a 1-based line of a UTF-8 file, None where there is no such line."""
    found = _fingerprints(content)
    return found[line - 1] if 0 < line <= len(found) else None


@lru_cache(maxsize=8)
def _fingerprints(content: bytes) -> tuple[str, ...]:
    text = re.sub(r"\r\n?", "\n", content.decode("utf-8", "replace")).replace(" ", "").replace("\t", "")
    units = [int.from_bytes(pair, "little") for pair in _pairs(text.encode("utf-16-le", "surrogatepass"))]
    units += [_END] + [0] * _WIDTH
    starts = [0] + [at + 1 for at, unit in enumerate(units[: -_WIDTH - 1]) if unit == ord("\n")]
    seen: Counter[int] = Counter()
    found = []
    for start in starts:
        value = 0
        for unit in units[start : start + _WIDTH]:
            value = (value * _FACTOR + unit) % _WORD
        seen[value] += 1
        found.append(f"{value:x}:{seen[value]}")
    return tuple(found)


def _pairs(data: bytes) -> list[bytes]:
    return [data[at : at + 2] for at in range(0, len(data), 2)]
