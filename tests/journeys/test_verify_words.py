"""What may stand behind `keyless verify`: a project, maybe with a version, and the publisher that is expected."""

from __future__ import annotations

import pytest

from keyless.errors import UsageError
from keyless.journeys.verify import parse_expected, parse_project
from keyless.model.publisher import Publisher


@pytest.mark.parametrize(
    ("text", "meant"),
    [("shap", ("shap", None)), ("Zope.Interface==6.0", ("zope-interface", "6.0")), ("a==1!2.0", ("a", "1!2.0"))],
)
def test_a_project_is_named_in_any_spelling_and_a_version_stays_as_it_is(text: str, meant: tuple[str, str | None]):
    assert parse_project(text) == meant


@pytest.mark.parametrize(
    "text", ["", "==1.0", "shap==", "shap== ", "shap=1.0", "-x", "a b", "shap==1.0/../x", "s" * 3 + "\n"]
)
def test_what_names_no_project_or_no_version_is_refused_and_nothing_is_guessed(text: str):
    """`shap==` is a slip of the hand, and not the newest version."""
    with pytest.raises(UsageError):
        parse_project(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("o/r", Publisher("o", "r", "", None)),
        ("o/r:release.yml", Publisher("o", "r", "release.yml", None)),
        ("o/r:release.yml@pypi", Publisher("o", "r", "release.yml", "pypi")),
    ],
)
def test_an_expected_publisher_may_leave_out_what_is_not_known(text: str, meant: Publisher):
    assert parse_expected(text) == meant


@pytest.mark.parametrize("text", ["", "o", "o/r:", "o/r@pypi", "o/r:release.txt", "o/r:a/b.yml", "o/r/x"])
def test_what_names_no_publisher_is_refused(text: str):
    with pytest.raises(UsageError):
        parse_expected(text)
