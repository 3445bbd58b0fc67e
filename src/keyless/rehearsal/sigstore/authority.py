"""The stand-in for Fulcio and its certificate log: a root, an intermediate, and leaf certificates with an embedded SCT."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keyless.rehearsal.sigstore.claims import claim_extensions, subject_uri
from keyless.rehearsal.sigstore.keys import key_id, sign, signing_key
from keyless.rehearsal.store import Store

ORGANISATION: Final = "keyless rehearsal"
COMMON_NAME: Final = "rehearsal certificate authority"
BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""Authorities and logs are valid from here: the clock of a rehearsal can be moved, also back."""

_END: Final = datetime(2120, 1, 1, tzinfo=UTC)
_LIFETIME: Final = timedelta(minutes=10)
_SCT_LIST: Final = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_KIND: Final = "sigstore-certificate"


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates. `log_key` is the certificate log's, whose promise every leaf carries."""

    root: x509.Certificate
    intermediate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    log_key: ec.EllipticCurvePrivateKey

    @classmethod
    def open(cls, store: Store) -> Authority:
        """Return the store's authority, making its keys and certificates when there are none."""
        root_key, key = signing_key(store, "root"), signing_key(store, "intermediate")
        root_name, name = _name("root"), _name("intermediate")
        with store.transaction():
            root = _kept(store, "root", lambda: _authority(root_name, root_name, root_key, root_key, depth=1))
            intermediate = _kept(store, "intermediate", lambda: _authority(name, root_name, key, root_key, depth=0))
        return cls(root, intermediate, key, signing_key(store, "certificate-log"))

    def issue(self, claims: Mapping[str, object], key: ec.EllipticCurvePublicKey, now: datetime) -> x509.Certificate:
        """Return a certificate for `key` that says `claims` and is valid for ten minutes from `now` (UTC)."""
        builder = self._leaf(claims, key, now)
        precertificate = builder.sign(self.key, hashes.SHA256())
        promise = self._sct(precertificate.tbs_certificate_bytes, now)
        with_promise = builder.add_extension(x509.UnrecognizedExtension(_SCT_LIST, promise), critical=False)
        return with_promise.sign(self.key, hashes.SHA256())

    def _leaf(
        self, claims: Mapping[str, object], key: ec.EllipticCurvePublicKey, now: datetime
    ) -> x509.CertificateBuilder:
        start = now.replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.intermediate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + _LIFETIME)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(subject_uri(claims))]), critical=True
            )
        )
        for extension in claim_extensions(claims):
            builder = builder.add_extension(extension, critical=False)
        return builder

    def _sct(self, tbs: bytes, now: datetime) -> bytes:
        """Return the SCT list extension for a precertificate's `tbs` (RFC 6962, sections 3.2 and 3.3)."""
        version, of_certificate, precertificate, sha256, ecdsa = 0, 0, 1, 4, 3
        milliseconds = int(now.timestamp() * 1000)
        signed = (
            struct.pack("!BBQH", version, of_certificate, milliseconds, precertificate)
            + key_id(self.key)
            + len(tbs).to_bytes(3, "big")
            + tbs
            + struct.pack("!H", 0)
        )
        signature = sign(self.log_key, signed)
        sct = (
            struct.pack("!B32sQH", version, key_id(self.log_key), milliseconds, 0)
            + struct.pack("!BBH", sha256, ecdsa, len(signature))
            + signature
        )
        listed = struct.pack("!H", len(sct)) + sct
        content = struct.pack("!H", len(listed)) + listed
        return b"\x04" + (bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])) + content


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{COMMON_NAME} {common}"),
        ]
    )


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    depth: int,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGINNING)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _usage(*, digital_signature: bool = False, authority: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _kept(store: Store, name: str, make: Callable[[], x509.Certificate]) -> x509.Certificate:
    kept = store.get(_KIND, name)
    if kept is None:
        kept = {"pem": make().public_bytes(serialization.Encoding.PEM).decode()}
        store.put(_KIND, name, kept)
    return x509.load_pem_x509_certificate(kept["pem"].encode())
