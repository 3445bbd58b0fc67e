"""What makes a strict scan fail, said as a number and a noun."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.survey import StoreReading
from keyless.model.workflow import Analysis, FileProblem, Finding, Place, Target
from keyless.planning.candidates import candidates
from keyless.planning.forecast import forecasts
from keyless.planning.scan import Scan, attention
from tests.planning.examples import HERE, PATH, STORE, step, survey
from tests.planning.test_forecast import SITES

CLEAN = Analysis((step(Target.PYPI, "", "pypi"),))


def scan(analysis: Analysis = CLEAN, **more: object) -> Scan:
    return replace(Scan("here", HERE, analysis), **more)


def finding(severity: str) -> Finding:
    return Finding("some-finding", severity, Place(PATH, 1, 1), "odd", "mend it")


def test_a_repository_that_publishes_without_tokens_needs_none() -> None:
    readable = (StoreReading(STORE, Found(())), StoreReading(STORE, Missing("no such store")))
    assert list(attention(scan(stores=readable))) == []


def test_a_note_is_no_reason_to_fail() -> None:
    assert list(attention(scan(replace(CLEAN, findings=(finding("note"),))))) == []


@pytest.mark.parametrize(
    ("count", "says"),
    [
        (1, ("1 error", "1 warning", "1 upload that takes a token, or may", "1 file that is no valid workflow")),
        (2, ("2 errors", "2 warnings", "2 uploads that take a token, or may", "2 files that are no valid workflows")),
    ],
)
def test_what_a_workflow_says_is_counted(count: int, says: tuple[str, ...]) -> None:
    analysis = Analysis(
        publish_steps=tuple(step(Target.PYPI, "TOKEN", f"job{n}") for n in range(count)),
        problems=(FileProblem(PATH, "no YAML"),) * count,
        findings=(finding("error"), finding("warning"), finding("note")) * count,
    )
    assert tuple(attention(scan(analysis))) == says


def test_s11_what_lies_in_stores_and_what_could_not_be_read_is_counted() -> None:
    closed = StoreReading(STORE, Unreadable("secrets", "403"))
    here = candidates(survey())
    assert list(attention(scan(stores=(closed, StoreReading(STORE, Found(()))), found=here[:1]))) == [
        "1 secret that speaks of PyPI",
        "1 store that could not be read",
    ]
    assert list(attention(scan(stores=(closed, closed), found=here))) == [
        "2 secrets that speak of PyPI",
        "2 stores that could not be read",
    ]


RIGHT, WRONG = Publisher("Owner", "Project", "release.yml"), Publisher("Owner", "Project", "other.yml")
TWO = Analysis((step(Target.PYPI, "", "pypi"), replace(step(Target.PYPI, "", "more"), project="more")))


@pytest.mark.parametrize(
    ("typed", "fails"),
    [((RIGHT, RIGHT), False), ((WRONG, RIGHT), False), ((WRONG, WRONG), True), ((None, None), False)],
)
def test_a_publisher_that_was_typed_has_to_fit_one_upload(typed: tuple[Publisher | None, ...], fails: bool) -> None:
    told = [forecasts(HERE, TWO, {}, SITES, one)[at] for at, one in enumerate(typed)]
    said = ["no upload fits the publisher as it was typed"] if fails else []
    assert list(attention(scan(forecasts=tuple(told)))) == said
