"""Provenance as a document: nothing in it that this version does not know, and nothing said twice.

pypi-attestations reads past keys that it does not know, and every JSON parser decides for itself which of two equal keys
counts (facts on sigstore). What is compared here is the shape that PEP 740 gives, version 1. The publisher is not: PEP 740
lets an index put more into it.
"""

from __future__ import annotations

import json
from typing import Final, TypeAlias

Shape: TypeAlias = dict[str, "Shape | list[Shape] | None"]

_ATTESTATION: Final[Shape] = {
    "version": None,
    "verification_material": {"certificate": None, "transparency_entries": None},
    "envelope": {"statement": None, "signature": None},
}
_PROVENANCE: Final[Shape] = {
    "version": None,
    "attestation_bundles": [{"publisher": None, "attestations": [_ATTESTATION]}],
}


def check_document(text: bytes) -> None:
    """Raise ValueError with the place of a key that is unknown or stands twice, or for what is no JSON."""
    _check(json.loads(text, object_pairs_hook=_once), _PROVENANCE, "the provenance")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _check(value: object, shape: Shape | list[Shape] | None, where: str) -> None:
    if isinstance(shape, list) and isinstance(value, list):
        for item in value:
            _check(item, shape[0], where)
    elif isinstance(shape, dict) and isinstance(value, dict):
        unknown = sorted(set(map(str, value)) - set(shape))
        if unknown:
            raise ValueError(f"{where} says '{unknown[0][:40]}', which this version of keyless does not know")
        for key, inner in shape.items():
            _check(value.get(key), inner, key.replace("_", " "))
