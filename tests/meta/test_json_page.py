"""docs/json.md describes every field of what `scan` and `fix` write, and every event."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from keyless.journeys.fix import FixReport
from keyless.model.publisher import Difference, Publisher
from keyless.model.workflow import (
    Analysis,
    Declined,
    FileProblem,
    Finding,
    MayRead,
    Place,
    PublishStep,
    Reference,
    SecretRead,
)
from keyless.planning.forecast import Forecast
from keyless.planning.scan import OwnerScan, Scan

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
WRITTEN = (Scan, OwnerScan, Analysis, PublishStep, Reference, MayRead, FileProblem, Finding, SecretRead, Place, Forecast,
           Difference, Publisher, FixReport, Declined)  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN, ids=lambda kind: kind.__name__)
def test_every_field_is_described(kind: type):
    """Whoever adds a field writes it down."""
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", PAGE))))
    assert {field.name for field in dataclasses.fields(kind)} - words == set()
