"""Did this release really go out without a token? Facts in, a graded judgement with every reason out. Pure."""

from __future__ import annotations

from keyless.proofs.digest import digest
from keyless.proofs.gate import gate
from keyless.proofs.judge import judge

__all__ = ["digest", "gate", "judge"]
