"""Sigstore: provenance in, facts out. Everything that cannot be verified is refused with the reason, never passed.

Importing this package is cheap; the first attestation pays for sigstore's import.
"""

from __future__ import annotations

from keyless.services.sigstore.verifier import SigstoreVerifier

__all__ = ["SigstoreVerifier"]
