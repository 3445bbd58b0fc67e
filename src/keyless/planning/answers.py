"""What the operator decided before a migration is planned. Plain data: the same answers give the same plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keyless.model.index import Index
from keyless.model.plan import BackupChoice, Delivery, Origin
from keyless.model.proof import Grade


@dataclass(frozen=True, slots=True)
class Answers:
    """Maps are keyed by an upload's or a candidate's `key`. `skipped` holds the reason for each index not proven."""

    projects: Mapping[str, tuple[str, ...]]
    environments: Mapping[Index, str | None]
    secrets: tuple[str, ...]
    delivery: Delivery
    skipped: Mapping[Index, str]
    bar: Grade
    accepted: tuple[str, ...]
    backups: Mapping[str, BackupChoice]
    origins: Mapping[str, Origin]
    whole_token: bool
    window_days: int
