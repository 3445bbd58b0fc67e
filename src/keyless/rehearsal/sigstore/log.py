"""The stand-in for Rekor: entries in a Merkle tree, each with a signed promise, a proof and a signed checkpoint."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Final

import rfc8785

from keyless.rehearsal.sigstore.keys import key_id, sign, signing_key
from keyless.rehearsal.sigstore.merkle import Frontier
from keyless.rehearsal.store import Document, Store

BASE_URL: Final = "https://rekor.rehearsal"
FORMER_ENTRIES: Final = 1_000_000
"""Entries of former trees: a global index is not the index within the tree, as in the real log."""

_ORIGIN: Final = "rekor.rehearsal"
_TREE: Final = 1193050959916656506
_KIND: Final = "sigstore-log"


class Log:
    """Appends entries; every one is in the store before its promise is given."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.key = signing_key(store, "log")
        self._id = key_id(self.key)

    def append(self, body: Document, now: datetime) -> Document:
        """Log a `dsse` 0.0.1 entry at `now` (UTC); return it as sigstore's JSON for a transparency log entry."""
        leaf = rfc8785.dumps(body)
        with self._store.transaction():
            before = self._frontier()
            after = before.append(leaf)
            self._store.put(_KIND, "frontier", {"size": after.size, "roots": [root.hex() for root in after.roots]})
            self._store.put(_KIND, f"entry/{before.size:012d}", {"body": _base64(leaf)})
        return self._entry(leaf, before, after, int(now.timestamp()))

    def _frontier(self) -> Frontier:
        kept = self._store.get(_KIND, "frontier")
        return Frontier() if kept is None else Frontier(kept["size"], tuple(bytes.fromhex(x) for x in kept["roots"]))

    def _entry(self, leaf: bytes, before: Frontier, after: Frontier, seconds: int) -> Document:
        index = FORMER_ENTRIES + before.size
        promised: dict[str, str | int] = {
            "body": _base64(leaf),
            "integratedTime": seconds,
            "logID": self._id.hex(),
            "logIndex": index,
        }
        return {
            "logIndex": str(index),
            "logId": {"keyId": _base64(self._id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(seconds),
            "inclusionPromise": {"signedEntryTimestamp": _base64(sign(self.key, rfc8785.dumps(promised)))},
            "inclusionProof": {
                "logIndex": str(before.size),
                "rootHash": _base64(after.root()),
                "treeSize": str(after.size),
                "hashes": [_base64(root) for root in before.roots],
                "checkpoint": {"envelope": self._checkpoint(after)},
            },
            "canonicalizedBody": _base64(leaf),
        }

    def _checkpoint(self, tree: Frontier) -> str:
        """Return the signed note of the tree's head (github.com/transparency-dev/formats, log/README.md)."""
        note = f"{_ORIGIN} - {_TREE}\n{tree.size}\n{_base64(tree.root())}\n"
        return f"{note}\n\N{EM DASH} {_ORIGIN} {_base64(self._id[:4] + sign(self.key, note.encode()))}\n"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
