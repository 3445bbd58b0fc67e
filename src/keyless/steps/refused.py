"""Why an index refused a trusted release, in one sentence: the one field that is wrong, from what the failed run says.

The publish action renders the error's code and the claims of the run into its annotation (its file oidc-exchange.py).
"""

from __future__ import annotations

import re
from typing import Final

from keyless.model.publisher import Publisher
from keyless.workflows import compare_publisher

_CODE: Final = re.compile(r"`([a-z-]+)`: ([^\n]+)")
_CLAIM: Final = re.compile(r"^\* `(\w+)`: `([^`\n]*)`$", re.MULTILINE)
_NO_PUBLISHER: Final = frozenset({"invalid-publisher", "invalid-pending-publisher"})
_ABSENT: Final = "MISSING"
_LONGEST: Final = 300


def why_refused(said: str, expected: Publisher, index: str) -> str:
    """Return what the annotation `said` of a failed run amounts to; `index` is the index's name for people."""
    code = _CODE.search(said)
    if code is None or code[1] not in _NO_PUBLISHER:
        return _first_line(code[0] if code else said)
    ran = _publisher(said)
    if ran is None:
        return f"{index} knows no publisher for this run ({code[1]})."
    wrong = [each for each in compare_publisher(ran, expected) if each.fatal]
    if wrong:
        fields = "; ".join(
            f"{each.field}: the run says '{each.expected or 'none'}', expected is '{each.typed or 'none'}'"
            for each in wrong
        )
        return f"{index} knows no publisher for this run ({code[1]}). Wrong in the run: {fields}."
    return (
        f"{index} knows no publisher for this run ({code[1]}). The run is as expected, so the publisher on {index} is "
        "missing, or one of its fields differs."
    )


def _publisher(said: str) -> Publisher | None:
    """The publisher that these claims would need, or None when they are not rendered."""
    claims = dict(_CLAIM.findall(said))
    owner, _, repository = claims.get("repository", "").partition("/")
    path = claims.get("workflow_ref", "").partition("@")[0]
    if not repository or not path:
        return None
    environment = claims.get("environment", _ABSENT)
    return Publisher(
        owner, repository, path.rpartition("/")[2], None if environment == _ABSENT else environment.lower()
    )


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "it left no reason")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
