"""Workflows: who uploads with which credential, what is wrong, and the change that takes the token out. Pure."""

from __future__ import annotations

from keyless.workflows.analyse import analyse, uses_token
from keyless.workflows.publisher import compare_publisher, predict_publisher
from keyless.workflows.rewrite import rewrite

__all__ = ["analyse", "compare_publisher", "predict_publisher", "rewrite", "uses_token"]
