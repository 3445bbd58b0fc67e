"""TLS for a served rehearsal: one authority for its folder, and a certificate for loopback at each start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

from keyless.rehearsal.folder import write_file
from keyless.rehearsal.store import Store

AUTHORITY_FILE: Final = "ca.pem"
SERVER_FILE: Final = "server.pem"
_KEPT: Final = ("serve", "authority")


@dataclass(frozen=True, slots=True)
class Certificates:
    """`authority` is the file for clients, `server` holds the server's key and chain (readable by its owner only)."""

    authority: Path
    server: Path

    @classmethod
    def write(cls, store: Store, folder: Path, names: Sequence[str]) -> Certificates:
        """Write both files for a server that answers to `names`; the authority is the same at every start."""
        authority = _authority(store)
        leaf = authority.issue_cert(*names)
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        return cls(
            write_file(folder, AUTHORITY_FILE, authority.cert_pem.bytes()),
            write_file(folder, SERVER_FILE, leaf.private_key_pem.bytes() + chain),
        )


def _authority(store: Store) -> trustme.CA:
    kept = store.get(*_KEPT)
    if kept is not None:
        return trustme.CA.from_pem(kept["certificate"].encode(), kept["key"].encode())
    fresh = trustme.CA()
    store.put(
        *_KEPT,
        {"certificate": fresh.cert_pem.bytes().decode(), "key": fresh.private_key_pem.bytes().decode()},
    )
    return fresh
