"""The predicted publisher, and what differs in one that a person typed."""

from __future__ import annotations

import pytest

from keyless.model.github import Repository
from keyless.model.publisher import Publisher
from keyless.model.workflow import Credential, Place, PublishStep, Target
from keyless.workflows import compare_publisher, predict_publisher

REPOSITORY = Repository("Owner", "Name")
EXPECTED = Publisher("Owner", "Name", "release.yml", "pypi")


def step(environment: str | None) -> PublishStep:
    place = Place(".github/workflows/release.yml", 3, 9, "publish", 0)
    return PublishStep("uv", place, Target.PYPI, Credential.TOKEN, (), environment)


@pytest.mark.parametrize(
    ("has", "asked", "predicted"),
    [
        (None, None, None),
        (None, "PyPI", "pypi"),
        ("Release", None, "release"),
        ("Release", "pypi", "release"),
        ("${{ inputs.where }}", "pypi", None),
    ],
)
def test_the_publisher_is_predicted_from_the_step(has: str | None, asked: str | None, predicted: str | None):
    """The job's own environment comes first; one that is computed cannot be predicted."""
    assert predict_publisher(REPOSITORY, step(has), asked) == Publisher("Owner", "Name", "release.yml", predicted)


@pytest.mark.parametrize(
    ("typed", "field", "fatal", "word"),
    [
        (Publisher("owner", "Name", "release.yml", "pypi"), "owner", False, "case"),
        (Publisher("Other", "Name", "release.yml", "pypi"), "owner", True, "another"),
        (Publisher("Owner ", "Name", "release.yml", "pypi"), "owner", True, "space"),
        (Publisher("Owner", "name", "release.yml", "pypi"), "repository", True, "case"),
        (Publisher("Owner", "Owner/Name", "release.yml", "pypi"), "repository", True, "without the owner"),
        (Publisher("Owner", "Else", "release.yml", "pypi"), "repository", True, "renamed"),
        (Publisher("Owner", "Name", "release.yaml", "pypi"), "workflow", True, ".yaml"),
        (Publisher("Owner", "Name", "Release.yml", "pypi"), "workflow", True, "case"),
        (Publisher("Owner", "Name", ".github/workflows/release.yml", "pypi"), "workflow", True, "folder"),
        (Publisher("Owner", "Name", "Release", "pypi"), "workflow", True, "title"),
        (Publisher("Owner", "Name", "other.yml", "pypi"), "workflow", True, "another"),
        (Publisher("Owner", "Name", "release.yml", None), "environment", False, "any"),
        (Publisher("Owner", "Name", "release.yml", "prod"), "environment", True, "another"),
    ],
)
def test_each_field_that_differs_is_named_with_its_reason(typed: Publisher, field: str, fatal: bool, word: str):
    """The reason is PyPI's rule, and says whether a run would be refused."""
    (difference,) = compare_publisher(EXPECTED, typed)
    assert (difference.field, difference.fatal) == (field, fatal)
    assert word in difference.reason


def test_an_environment_that_the_job_lacks_is_fatal():
    """PyPI refuses a run without environment where the publisher names one."""
    (difference,) = compare_publisher(Publisher("o", "r", "w.yml"), Publisher("o", "r", "w.yml", "pypi"))
    assert difference.fatal


def test_equal_publishers_have_no_differences():
    """The environment is compared without case."""
    assert compare_publisher(EXPECTED, Publisher("Owner", "Name", "release.yml", "PyPI")) == ()
