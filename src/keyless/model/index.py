"""The two package indexes and how they spell a project's name."""

from __future__ import annotations

import re
from enum import Enum


class Index(Enum):
    """PyPI or TestPyPI: separate worlds with separate accounts, tokens and publishers."""

    PYPI = "pypi"
    TESTPYPI = "testpypi"

    @property
    def label(self) -> str:
        """Its name as people write it."""
        return {"pypi": "PyPI", "testpypi": "TestPyPI"}[self.value]

    @property
    def location(self) -> str:
        """The host that a token of this index carries as its macaroon's location."""
        return {"pypi": "pypi.org", "testpypi": "test.pypi.org"}[self.value]


def normalise(project: str) -> str:
    """Return `project` as PEP 503 compares it; PyPI's token restrictions accept no other spelling."""
    return re.sub(r"[-_.]+", "-", project).lower()
