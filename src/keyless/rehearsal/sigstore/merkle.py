"""A Merkle tree that only grows (RFC 6962, section 2.1), kept as the roots of its complete subtrees.

The newest leaf's proof is exactly those roots, so an append costs the logarithm of the tree and not its size.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frontier:
    """The tree so far: `size` leaves, and one root for each bit of `size`, the smallest subtree first."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        """Return the tree with one more leaf, which is given as the entry's bytes."""
        node = leaf_hash(leaf)
        full = _trailing_ones(self.size)
        for left in self.roots[:full]:
            node = node_hash(left, node)
        return Frontier(self.size + 1, (node, *self.roots[full:]))

    def root(self) -> bytes:
        """Return the hash of the whole tree."""
        if not self.roots:
            return hashlib.sha256(b"").digest()
        node = self.roots[0]
        for left in self.roots[1:]:
            node = node_hash(left, node)
        return node


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of an entry."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _trailing_ones(number: int) -> int:
    return (~number & (number + 1)).bit_length() - 1
