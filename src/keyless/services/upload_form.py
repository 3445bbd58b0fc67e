"""The upload form as far as keyless sends it: two questions about a token, and never a file that an index could keep.

The order in which warehouse judges a form (forklift/legacy.py; facts on PyPI): the token's identifier, the form's fields,
the project, the token's signature, caveats and permission, the file's name. What it says stands in the reason phrase and in
the body, where HTML escapes an apostrophe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, TypeAlias

import httpx

from keyless.model.token import Life
from keyless.services.index_wire import Answer

Form: TypeAlias = Mapping[str, tuple[str | None, str | bytes]]

EXISTENCE: Final[Form] = {":action": (None, "file_upload"), "protocol_version": (None, "1")}
"""Nothing but the form's head: only the identifier is looked at, then a field is missing."""

_NO_FILE: Final = "keyless.trial"
"""A name that no index takes: its extension is that of no distribution."""

_TEXT: Final = b"This is no distribution: keyless asks whether a token is accepted."

_ASKS_FOR_A_NAME: Final = "is an invalid value for Name"
_GONE: Final = "Invalid or non-existent authentication information"
_BAD_EXTENSION: Final = "Invalid file extension"
_REFUSED: Final = "Invalid API Token:"
_OTHER_PROJECT: Final = ("project-scoped token is not valid for project", "allowed to upload to project")


def trial(project: str, version: str) -> Form:
    """Return a complete form for a file that can be none. `version` has to exist: a missing project would be created."""
    named = {"metadata_version": "2.1", "name": project, "version": version, "filetype": "sdist", "pyversion": "source"}
    return {
        **EXISTENCE,
        **{field: (None, value) for field, value in named.items()},
        "sha256_digest": (None, hashlib.sha256(_TEXT).hexdigest()),
        "content": (_NO_FILE, _TEXT),
    }


def known(answer: Answer) -> Life:
    """Judge the answer to EXISTENCE: the index asks for the name (the identifier exists), or says that it is gone."""
    if answer.status == httpx.codes.BAD_REQUEST and answer.says(_ASKS_FOR_A_NAME):
        return Life.ALIVE
    if answer.status == httpx.codes.FORBIDDEN and answer.says(_GONE):
        return Life.GONE
    return Life.UNKNOWN


def accepted(answer: Answer) -> Life:
    """Judge the answer to a trial: only the file was refused, or the token was, caveats and permission included."""
    if answer.status == httpx.codes.BAD_REQUEST and answer.says(_BAD_EXTENSION):
        return Life.ALIVE
    refused = answer.status == httpx.codes.FORBIDDEN and (answer.says(_GONE) or answer.says(_REFUSED))
    return Life.GONE if refused or of_another_project(answer) else Life.UNKNOWN


def of_another_project(answer: Answer) -> bool:
    """Say whether the token was refused because it serves another project."""
    return answer.status == httpx.codes.FORBIDDEN and any(answer.says(words) for words in _OTHER_PROJECT)


def untold(answer: Answer) -> str:
    """Return why an answer does not tell."""
    redirected = 300 <= answer.status < 400
    return "the index answers with a redirect, along which no token is sent" if redirected else answer.because()
