"""Claims in certificates: DER of any length, read back by another library."""

from __future__ import annotations

import pytest
from pyasn1.codec.der.decoder import decode
from pyasn1.type.char import UTF8String

from keyless.rehearsal.sigstore.claims import der_utf8


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_text_of_every_length_of_length_is_read_back(size):
    text = "é" * (size // 2) + "x" * (size % 2)
    value, rest = decode(der_utf8(text), UTF8String())
    assert (str(value), rest) == (text, b"")
