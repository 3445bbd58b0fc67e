"""Workflows: who uploads with which credential, what is wrong, and the change that takes the token out. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyless.workflows.analyse import analyse, uses_token
from keyless.workflows.publisher import compare_publisher, predict_publisher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keyless.model.github import SourceFile
    from keyless.model.index import Index
    from keyless.model.workflow import Here, Rewrite

__all__ = ["analyse", "compare_publisher", "predict_publisher", "rewrite", "uses_token"]


def rewrite(files: Sequence[SourceFile], environments: Mapping[Index, str | None], here: Here | None = None) -> Rewrite:
    """Return the changes that take the tokens out: see keyless.workflows.rewriting, which a mere look does not load."""
    from keyless.workflows import rewriting

    return rewriting.rewrite(files, environments, here)
