"""The signing keys of a rehearsal: made once, kept in the store, all of them ECDSA on P-256 with SHA-256."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from keyless.rehearsal.store import Store

KIND = "sigstore-key"


def signing_key(store: Store, name: str) -> ec.EllipticCurvePrivateKey:
    """Return the key called `name`, making it when it is asked for the first time."""
    with store.transaction():
        kept = store.get(KIND, name)
        if kept is None:
            kept = {"pem": _pem(ec.generate_private_key(ec.SECP256R1()))}
            store.put(KIND, name, kept)
    key = serialization.load_pem_private_key(kept["pem"].encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the rehearsal's key '{name}' is not an elliptic curve key")
    return key


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Return the DER signature of `message`."""
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def public_der(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half as DER SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the identifier that logs go by: SHA-256 of the public key's DER (RFC 6962, section 3.2)."""
    return hashlib.sha256(public_der(key)).digest()


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
