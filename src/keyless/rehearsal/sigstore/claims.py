"""What a certificate says about the run that asked for it: GitHub's token claims as Fulcio's extensions.

Source: Fulcio's docs/oid-info.md and its GitHub provider. Extensions .1 to .6 hold bare UTF-8, .8 and later DER UTF8String.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography import x509

FULCIO: Final = "1.3.6.1.4.1.57264.1"
ISSUER: Final = "https://token.actions.githubusercontent.com"
GITHUB: Final = "https://github.com"
_FIRST_DER: Final = 8


def subject_uri(claims: Mapping[str, object]) -> str:
    """Return the certificate's subject alternative name: the workflow file that ran the job, at its ref."""
    return f"{GITHUB}/{_text(claims, 'job_workflow_ref')}"


def fulcio_claims(claims: Mapping[str, object]) -> dict[int, str]:
    """Return Fulcio's claims by the last number of their OID. Raises KeyError for a claim GitHub always sends."""

    def say(name: str) -> str:
        return _text(claims, name)

    repository = f"{GITHUB}/{say('repository')}"
    named = {
        1: ISSUER,
        2: say("event_name"),
        3: say("sha"),
        4: say("workflow"),
        5: say("repository"),
        6: say("ref"),
        8: ISSUER,
        9: subject_uri(claims),
        10: say("job_workflow_sha"),
        11: say("runner_environment"),
        12: repository,
        13: say("sha"),
        14: say("ref"),
        15: say("repository_id"),
        16: f"{GITHUB}/{say('repository_owner')}",
        17: say("repository_owner_id"),
        18: f"{GITHUB}/{say('workflow_ref')}",
        19: say("workflow_sha"),
        20: say("event_name"),
        21: f"{repository}/actions/runs/{say('run_id')}/attempts/{say('run_attempt')}",
        22: say("repository_visibility"),
    }
    if claims.get("environment"):
        named[23] = say("environment")
    return named


def claim_extensions(claims: Mapping[str, object]) -> list[x509.UnrecognizedExtension]:
    """Return the certificate extensions that carry the claims, in the order of their numbers."""
    return [
        x509.UnrecognizedExtension(
            x509.ObjectIdentifier(f"{FULCIO}.{number}"),
            text.encode() if number < _FIRST_DER else der_utf8(text),
        )
        for number, text in fulcio_claims(claims).items()
    ]


def der_utf8(text: str) -> bytes:
    """Return `text` as a DER UTF8String (X.690, sections 8.1.3 and 8.23)."""
    content = text.encode()
    size = len(content)
    if size < 0x80:
        return b"\x0c" + bytes([size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"\x0c" + bytes([0x80 | len(length)]) + length + content


def _text(claims: Mapping[str, object], name: str) -> str:
    return str(claims[name])
