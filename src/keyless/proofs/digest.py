"""A name for a set of facts: the same facts in another order have the same digest."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from keyless.model.codec import Json, encode
from keyless.model.release import Evidence

_LEFT_OUT: Final = frozenset({"seen_at", "trust_root"})


def digest(evidence: Evidence) -> str:
    """Return the sha256 (hex) over everything that was found.

    Left out: the moment at which it was looked for, and which trust root it was judged by, so that the same evidence
    verified again years later, under the root of that time, has the same name.
    """
    return hashlib.sha256(_canonical(encode(evidence)).encode()).hexdigest()


def _canonical(value: Json) -> str:
    """Return JSON with sorted keys and sorted lists: no list in the evidence means anything by its order."""
    match value:
        case dict():
            body = ",".join(
                f"{json.dumps(key)}:{_canonical(value[key])}" for key in sorted(value) if key not in _LEFT_OUT
            )
            return f"{{{body}}}"
        case list():
            return f"[{','.join(sorted(_canonical(item) for item in value))}]"
        case _:
            return json.dumps(value)
