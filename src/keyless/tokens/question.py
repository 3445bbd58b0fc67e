"""Ask an index whether a token exists without having the token: a text with its identifier and no valid signature.

PyPI looks a token up by its identifier before it reads the form, and verifies the signature only after that (warehouse,
the order of the legacy upload endpoint). So the empty form sent with this text is answered exactly as with the token
itself: 400 while the identifier exists, 403 once it is gone. It can authorise nothing, so nothing can leak through it.
"""

from __future__ import annotations

import base64
import re
from uuid import UUID

from keyless.errors import UsageError
from keyless.model.index import Index
from keyless.secret import Secret
from keyless.tokens.macaroon import PREFIX

_NO_SIGNATURE = bytes(32)


def identifier_only(index: Index, identifier: str) -> Secret:
    """Return the text that names the token `identifier` (a UUID, as the account page shows it) of `index`.

    Raises UsageError when `identifier` is no UUID.
    """
    try:
        name = str(UUID(identifier)).encode()
    except ValueError:
        raise UsageError(
            "A token's unique identifier is a UUID, and this is none.", hint="Copy it from the index's account page."
        ) from None
    location = index.location.encode()
    body = b"\x02" + _field(1, location) + _field(2, name) + b"\x00\x00" + _field(6, _NO_SIGNATURE)
    return Secret(PREFIX + re.sub("=+$", "", base64.urlsafe_b64encode(body).decode()))


def _field(kind: int, data: bytes) -> bytes:
    return bytes((kind, len(data))) + data
