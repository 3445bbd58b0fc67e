"""A second reader of backups, written from docs/backup-format.md alone: it shares no code with keyless.

python -m tests.vault.second_reader FILE [--identity] [--past-expiry]     (asks for the passphrase or identity)
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import json
import pathlib
import re
import struct
import sys
import unicodedata
from datetime import UTC, datetime

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"keyless backup v1 - sealed; docs/backup-format.md says how to open it\n"
FIELDS = {
    "header": {"id", "lease", "slots", "subject"},
    "Lease": {"type", "issued_at", "expires_at"},
    "BackupSubject": {"type", "realm", "repository", "journey", "projects", "secrets"},
    "BackupContents": {"type", "subject", "secrets", "workflow", "made_by"},
    "passphrase": {"kind", "memory", "passes", "salt", "wrapped"},
    "x25519": {"kind", "recipient", "ephemeral", "wrapped"},
}
LENGTHS = {"wrapped": 72, "salt": 16, "recipient": 32, "ephemeral": 32}
BOUNDS = {"memory": range(19_456, 1_048_577), "passes": range(2, 9)}
REFUSED = (ValueError, TypeError, KeyError, RecursionError)
"""What `read` raises for a file that is not to be opened."""


def need(condition: object, why: str) -> None:
    if not condition:
        raise ValueError(why)


def hchacha20(key: bytes, nonce: bytes) -> bytes:
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))
    columns = [(n, 4 + n, 8 + n, 12 + n) for n in range(4)]
    diagonals = [(n, 4 + (n + 1) % 4, 8 + (n + 2) % 4, 12 + (n + 3) % 4) for n in range(4)]
    for a, b, c, d in (columns + diagonals) * 10:
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            mixed = state[z] ^ state[x]
            state[z] = (mixed << turn | mixed >> (32 - turn)) & 0xFFFFFFFF
    return struct.pack("<8I", *state[:4], *state[12:])


def xchacha_open(key: bytes, sealed: bytes, associated: bytes) -> bytes | None:
    need(len(sealed) >= 40, "shorter than a nonce and a tag")
    try:
        cipher = ChaCha20Poly1305(hchacha20(key, sealed[:16]))
        return cipher.decrypt(bytes(4) + sealed[16:24], sealed[24:], associated)
    except InvalidTag:
        return None


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def parsed(line: bytes) -> object:
    need(canonical(json.loads(line)) == line, "not canonical")
    return json.loads(line)


def unbase64(text: str, length: int | None = None) -> bytes:
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text and length in (None, len(data)), "not canonical base64")
    return data


def moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    need(value.tzinfo is UTC and value.isoformat().replace("+00:00", "Z") == text, "not a canonical time")
    return value


def check(value: dict, name: str, label: str = "type") -> None:
    need(isinstance(value, dict) and set(value) == FIELDS[name] and value.get(label, name) == name, f"no {name}")


def check_header(header: dict, realm: str) -> None:
    check(header, "header")
    need(re.fullmatch("[0-9a-f]{16}", header["id"]), "id")
    need(isinstance(header["slots"], list) and 1 <= len(header["slots"]) <= 8, "number of slots")
    for slot in header["slots"]:
        check(slot, "x25519" if slot["kind"] == "x25519" else "passphrase", "kind")
        for name in slot.keys() - {"kind"}:
            within = name not in BOUNDS or (type(slot[name]) is int and slot[name] in BOUNDS[name])
            need(within and (name in BOUNDS or unbase64(slot[name], LENGTHS[name])), f"{name} out of bounds")
    check(header["lease"], "Lease")
    check(header["subject"], "BackupSubject")
    need(header["subject"]["realm"] == realm, "another realm")


def agree(slot: dict, identity: str) -> bytes | None:
    data = base64.urlsafe_b64decode(identity.removeprefix("keyless-identity-1-"))
    need(hashlib.sha256(data[:32]).digest()[:4] == data[32:], "mistyped identity")
    key = X25519PrivateKey.from_private_bytes(data[:32])
    recipient, ephemeral = unbase64(slot["recipient"]), unbase64(slot["ephemeral"])
    if key.public_key() != X25519PublicKey.from_public_bytes(recipient):
        return None
    shared = key.exchange(X25519PublicKey.from_public_bytes(ephemeral))  # raises ValueError when it is all zeros
    return HKDF(SHA256(), 32, ephemeral + recipient, b"keyless backup v1 x25519").derive(shared)


def unwrap(slot: dict, backup: str, passphrase: str | None, identity: str | None) -> bytes | None:
    key = None
    if slot["kind"] == "passphrase" and passphrase is not None:
        text = unicodedata.normalize("NFC", passphrase).encode()
        salt = unbase64(slot["salt"])
        key = hash_secret_raw(text, salt, slot["passes"], slot["memory"], 1, 32, Type.ID, 0x13)
    if slot["kind"] == "x25519" and identity is not None:
        key = agree(slot, identity)
    stated = {name: value for name, value in slot.items() if name != "wrapped"} | {"backup": backup}
    return key and xchacha_open(key, unbase64(slot["wrapped"]), b"keyless backup v1 slot\n" + canonical(stated))


def read(data: bytes, realm: str, now: datetime, passphrase=None, identity=None, past_expiry=False) -> dict:
    need(len(data) <= 1 << 24 and data.startswith(MAGIC), "no backup of version 1")
    first, second, rest = data[len(MAGIC) :].split(b"\n")
    need(rest == b"" and len(first) <= 65_536, "not three lines")
    header, body = parsed(first), unbase64(second.decode("ascii"))
    check_header(header, realm)
    issued_at, expires_at = moment(header["lease"]["issued_at"]), moment(header["lease"]["expires_at"])
    keys = (unwrap(slot, header["id"], passphrase, identity) for slot in header["slots"])
    data_key = next(filter(None, keys), None)
    need(data_key, "wrong key")
    contents = parsed(xchacha_open(data_key, body, MAGIC + first + b"\n") or b"")
    check(contents, "BackupContents")
    need(contents["subject"] == header["subject"], "another subject")
    need(past_expiry or max(now, issued_at) < expires_at, "expired")
    return contents


if __name__ == "__main__":
    key = "identity" if "--identity" in sys.argv else "passphrase"
    answer = {key: getpass.getpass(f"{key}: "), "past_expiry": "--past-expiry" in sys.argv}
    contents = read(pathlib.Path(sys.argv[1]).read_bytes(), "real", datetime.now(UTC), **answer)
    json.dump(contents, sys.stdout, indent=1)
