"""A Sigstore for rehearsals: certificates, logs and attestations that sigstore's own verifier accepts under its trust root.

Nothing it signs is worth anything outside the rehearsal: the keys are made for one folder and stay in its store.
"""

from keyless.rehearsal.sigstore.checker import AttestationChecker, AttestationRefused, StandInChecker
from keyless.rehearsal.sigstore.standin import PUBLISH, SigstoreStandIn, provenance

__all__ = ["PUBLISH", "AttestationChecker", "AttestationRefused", "SigstoreStandIn", "StandInChecker", "provenance"]
