"""What an index does with the attestations of an upload: parse, verify against the publisher, keep as provenance.

The order of checks and their words are warehouse's (warehouse/attestations/services.py). Signature, file and publisher are
judged by the adapter that judges the real index's provenance: there is one verifying path.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.release import ReleaseFile
from keyless.rehearsal.sigstore.standin import provenance
from keyless.rehearsal.store import Document
from keyless.services.ports import Verifier

_MOST: Final = 2
"""One attestation of each predicate type that PyPI knows."""


class AttestationRefused(ValueError):
    """The index does not take the upload; the text is what PyPI answers."""


class AttestationChecker(Protocol):
    """How an index judges the attestations that came with a file."""

    def __call__(self, publisher: Publisher, attestations: str, filename: str, sha256: str) -> Document:
        """Return the file's provenance to keep. Raises AttestationRefused.

        `publisher` is the one that minted the upload's token, `attestations` the form field: a JSON array as text.
        """
        ...


class StandInChecker:
    """Checks under the trust root in a file, which is read when the first upload brings attestations."""

    def __init__(self, trust_root: Path, index: Index, now: Callable[[], datetime]) -> None:
        self._trust_root = trust_root
        self._index = index
        self._now = now
        self._kept: Verifier | None = None

    def __call__(self, publisher: Publisher, attestations: str, filename: str, sha256: str) -> Document:
        """Return the provenance to keep. Raises AttestationRefused."""
        parsed = _parse(attestations)
        seen: set[str | None] = set()
        for attestation in parsed:
            kind = self._verify(publisher, attestation, filename, sha256)
            if kind in seen:
                raise AttestationRefused(
                    f"Multiple attestations for the same file with the same predicate type ({kind}) are not supported"
                )
            seen.add(kind)
        return provenance(publisher, parsed)

    def _verify(self, publisher: Publisher, attestation: Document, filename: str, sha256: str) -> str | None:
        file = ReleaseFile(filename, sha256, 0, self._now(), yanked=False, has_provenance=True)
        written = json.dumps(provenance(publisher, [attestation])).encode()
        (fact,) = self._verifier().attestations(written, file)
        if fact.refused is not None:
            raise AttestationRefused(
                "Could not verify the uploaded artifact using the included attestation: "
                f"Verification failed: {fact.refused}"
            )
        return fact.predicate_type

    def _verifier(self) -> Verifier:
        if self._kept is None:
            from keyless.services.sigstore import SigstoreVerifier

            self._kept = SigstoreVerifier(self._trust_root, self._index, self._now)
        return self._kept


def _parse(attestations: str) -> list[Document]:
    from pydantic import TypeAdapter, ValidationError
    from pypi_attestations import Attestation

    try:
        parsed = TypeAdapter(list[Attestation]).validate_json(attestations)
    except ValidationError as error:
        raise AttestationRefused(f"Malformed attestations: {error}") from error
    if not parsed:
        raise AttestationRefused("Malformed attestations: an empty attestation set is not permitted")
    if len(parsed) > _MOST:
        raise AttestationRefused(f"A maximum of {_MOST} attestations per file are supported")
    return [attestation.model_dump(mode="json") for attestation in parsed]
