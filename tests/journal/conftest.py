"""Journals for the tests of the journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyless.journal import Journal
from keyless.model.github import Repository
from keyless.model.realm import Realm

NOW = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
WIDGET = Repository("Acme", "Widget")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the place of a state folder that is not there yet."""
    return tmp_path / "state"


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    """Return an open journal."""
    with Journal.open(folder, Realm.REAL) as opened:
        yield opened
