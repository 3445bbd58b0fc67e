"""What every finding's file offers, and what it is given to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from keyless.model.workflow import Finding
from keyless.workflows.library import Library
from keyless.workflows.sites import Site
from keyless.workflows.walk import Visit


@dataclass(frozen=True, slots=True)
class Look:
    """All that a finding may look at: the files, every step, and every upload in them."""

    library: Library
    visits: Sequence[Visit]
    sites: Sequence[Site]

    @property
    def counted(self) -> tuple[Site, ...]:
        """The uploads to PyPI or TestPyPI."""
        return tuple(site for site in self.sites if site.counts)


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding: its stable identifier, the severities it occurs with, and what it is in a sentence."""

    identifier: str
    severities: tuple[str, ...]
    summary: str

    @property
    def page(self) -> str:
        """Return its page within docs/."""
        return f"findings/{self.identifier}.md"


class Check(Protocol):
    """One finding's check."""

    def __call__(self, look: Look) -> Iterable[Finding]: ...
