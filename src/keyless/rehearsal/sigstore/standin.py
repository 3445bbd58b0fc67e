"""The rehearsal's Sigstore as one thing: a trust root, and attestations under it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from keyless.model.publisher import Publisher
from keyless.rehearsal.sigstore.authority import BEGINNING, COMMON_NAME, ORGANISATION, Authority
from keyless.rehearsal.sigstore.keys import key_id, public_der, sign
from keyless.rehearsal.sigstore.log import BASE_URL, Log
from keyless.rehearsal.store import Document, Store

PUBLISH: Final = "https://docs.pypi.org/attestations/publish/v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


class SigstoreStandIn:
    """Signs for the runs of a rehearsal. Two of them over one store are the same Sigstore."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._authority = Authority.open(store)
        self._log = Log(store)

    def trust_root(self) -> bytes:
        """Return trusted_root.json: the same bytes for as long as the store lives."""
        root = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_instance(BASE_URL, self._log.key)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": ORGANISATION, "commonName": COMMON_NAME},
                    "uri": "https://fulcio.rehearsal",
                    "certChain": {
                        "certificates": [
                            {"rawBytes": _base64(certificate.public_bytes(Encoding.DER))}
                            for certificate in (self._authority.intermediate, self._authority.root)
                        ]
                    },
                    "validFor": {"start": _rfc3339()},
                }
            ],
            "ctlogs": [_instance("https://ct.rehearsal", self._authority.log_key)],
        }
        return json.dumps(root, indent=2).encode()

    def attest(
        self, claims: Mapping[str, object], filename: str, sha256: str, *, predicate_type: str = PUBLISH
    ) -> Document:
        """Return the attestation (PEP 740) of one file by the run that `claims` describe.

        `claims` are those of the run's identity token, `sha256` the file's digest in hex. Signed at the rehearsal's time.
        Raises KeyError for a claim that GitHub always sends and that is not there.
        """
        now = self._store.now()
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._authority.issue(claims, key.public_key(), now)
        statement = _statement(filename, sha256, predicate_type)
        signature = sign(key, _preauthentication(statement))
        entry = self._log.append(_log_body(statement, signature, certificate), now)
        return {
            "version": 1,
            "verification_material": {
                "certificate": _base64(certificate.public_bytes(Encoding.DER)),
                "transparency_entries": [entry],
            },
            "envelope": {"statement": _base64(statement), "signature": _base64(signature)},
        }


def provenance(publisher: Publisher, attestations: Sequence[Document]) -> Document:
    """Return what the Integrity API gives for one file (PEP 740, provenance object)."""
    stated = {
        "kind": "GitHub",
        "repository": f"{publisher.owner}/{publisher.repository}",
        "workflow": publisher.workflow,
        "environment": publisher.environment or "",
        "claims": None,
    }
    return {"version": 1, "attestation_bundles": [{"publisher": stated, "attestations": list(attestations)}]}


def _statement(filename: str, sha256: str, predicate_type: str) -> bytes:
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": predicate_type,
        "predicate": None,
    }
    return json.dumps(statement, separators=(",", ":")).encode()


def _preauthentication(statement: bytes) -> bytes:
    """Return the bytes that a DSSE signature covers (secure-systems-lab/dsse, protocol.md)."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(statement), statement)


def _log_body(statement: bytes, signature: bytes, certificate: x509.Certificate) -> Document:
    envelope = {
        "payload": _base64(statement),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": _base64(signature)}],
    }
    written = json.dumps(envelope, separators=(",", ":")).encode()
    verifier = _base64(certificate.public_bytes(Encoding.PEM))
    return {
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(written).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(statement).hexdigest()},
            "signatures": [{"signature": _base64(signature), "verifier": verifier}],
        },
    }


def _instance(url: str, key: ec.EllipticCurvePrivateKey) -> Document:
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _base64(public_der(key)),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": _rfc3339()},
        },
        "logId": {"keyId": _base64(key_id(key))},
    }


def _rfc3339() -> str:
    return BEGINNING.strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
