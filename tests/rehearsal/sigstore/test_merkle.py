"""The tree that only keeps its right border has the root that RFC 6962 defines over all leaves."""

from __future__ import annotations

import hashlib

from keyless.rehearsal.sigstore.merkle import Frontier


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def test_the_root_agrees_with_the_definition_for_every_size():
    tree, leaves = Frontier(), []
    assert tree.root() == by_definition(leaves)
    for number in range(130):
        leaves.append(b"%d" % number)
        tree = tree.append(leaves[-1])
        assert tree.size == len(leaves)
        assert tree.root() == by_definition(leaves)
        assert len(tree.roots) == tree.size.bit_count()


def test_the_root_of_the_rfcs_own_vector():
    """The first entries of the reference tests of Certificate Transparency (google/certificate-transparency)."""
    tree = Frontier()
    for leaf in (b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"):
        tree = tree.append(leaf)
    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
