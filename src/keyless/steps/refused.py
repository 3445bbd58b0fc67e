"""Why an index refused a trusted release, in one sentence: the one field that is wrong, from what the failed run says."""

from __future__ import annotations

from typing import Final

from keyless.model.publisher import Publisher
from keyless.proofs.refusal import read_refusal, real_publisher
from keyless.workflows import compare_publisher

_NO_PUBLISHER: Final = frozenset({"invalid-publisher", "invalid-pending-publisher"})
_LONGEST: Final = 300


def why_refused(said: str, expected: Publisher, index: str) -> str:
    """Return what the annotation `said` of a failed run amounts to; `index` is the index's name for people."""
    refusal = read_refusal(said)
    code, description = refusal.reasons[0] if refusal else ("", "")
    if refusal is None or code not in _NO_PUBLISHER:
        return _first_line(f"`{code}`: {description}" if refusal else said)
    ran = real_publisher(refusal.claims)
    if ran is None:
        return f"{index} knows no publisher for this run ({code})."
    wrong = [each for each in compare_publisher(ran, expected) if each.fatal]
    if wrong:
        fields = "; ".join(
            f"{each.field}: the run says '{each.expected or 'none'}', expected is '{each.typed or 'none'}'"
            for each in wrong
        )
        return f"{index} knows no publisher for this run ({code}). Wrong in the run: {fields}."
    return (
        f"{index} knows no publisher for this run ({code}). The run is as expected, so the publisher on {index} is "
        "missing, or one of its fields differs."
    )


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "it left no reason")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
