"""What one look at a repository found, before anything is planned. What could not be read stays visible as Unreadable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from keyless.model.github import Branch, Repository, RepositoryFacts, SecretEntry, SourceFile, Store, Viewer
from keyless.model.index import Index
from keyless.model.reading import Reading
from keyless.model.release import Release
from keyless.model.workflow import Analysis


@dataclass(frozen=True, slots=True)
class BranchReading:
    """What a branch's workflows say; `analysis` is shared by branches with the same tree."""

    branch: Branch
    analysis: Reading[Analysis]


@dataclass(frozen=True, slots=True)
class StoreReading:
    """What one store holds."""

    store: Store
    entries: Reading[tuple[SecretEntry, ...]]


@dataclass(frozen=True, slots=True)
class ProjectReading:
    """A project on an index, newest release first."""

    index: Index
    project: str
    releases: Reading[tuple[Release, ...]]


@dataclass(frozen=True, slots=True)
class SharedUse:
    """Another repository that sees an organisation's secret; `reads` is Unreadable when its workflows were not seen."""

    secret: str
    repository: Repository
    reads: Reading[bool]


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything that a plan is made from. `head` is the default branch's commit. Times are UTC."""

    facts: RepositoryFacts
    viewer: Viewer
    head: str
    files: tuple[SourceFile, ...]
    analysis: Analysis
    branches: tuple[BranchReading, ...]
    stores: tuple[StoreReading, ...]
    seen_from_organisation: Reading[tuple[SecretEntry, ...]]
    environments: Reading[tuple[str, ...]]
    projects: tuple[ProjectReading, ...]
    shared: tuple[SharedUse, ...]
    taken_at: datetime
