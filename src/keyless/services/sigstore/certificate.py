"""What a signing certificate says about the run that asked for it (Fulcio's docs/oid-info.md)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from keyless.model.release import Claims

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_ARC: Final = "1.3.6.1.4.1.57264.1."
_NEEDED: Final = {
    "issuer": 8,
    "build_signer_uri": 9,
    "runner_environment": 11,
    "repository_uri": 12,
    "source_digest": 13,
    "source_ref": 14,
    "repository_id": 15,
    "owner_id": 17,
    "build_config_uri": 18,
    "build_config_digest": 19,
    "trigger": 20,
    "run_uri": 21,
}
_ENVIRONMENT: Final = 23


def read_claims(certificate: Certificate) -> Claims:
    """Return the claims. Raises ValueError naming what is missing or is not text."""
    named = {
        int(extension.oid.dotted_string.removeprefix(_ARC)): extension.value.public_bytes()
        for extension in certificate.extensions
        if extension.oid.dotted_string.startswith(_ARC)
    }
    texts = {}
    for field, number in _NEEDED.items():
        if number not in named:
            raise ValueError(f"the certificate does not say its {field.replace('_', ' ')} ({_ARC}{number})")
        texts[field] = _text(named[number])
    environment = _text(named[_ENVIRONMENT]) if _ENVIRONMENT in named else None
    return Claims(**texts, environment=environment)


def valid_from(certificate: Certificate) -> datetime:
    """Return when the certificate's validity begins (UTC)."""
    return certificate.not_valid_before_utc


def _text(der: bytes) -> str:
    from cryptography.hazmat import asn1

    return asn1.decode_der(str, der)
