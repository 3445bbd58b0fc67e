"""The uploads of a repository, by their names, and those that still take a token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyless.model.workflow import Analysis, Credential, Place, Target
from keyless.planning.uploads import uploads, with_token
from tests.planning.examples import PATH, step


def test_an_upload_outside_any_job_has_a_name_too() -> None:
    """A composite action has steps and no jobs."""
    outside = replace(step(Target.PYPI, "TOKEN", "x"), place=Place("actions/publish/action.yml", 4, 7))
    assert [one.key for one in uploads(Analysis((outside,)))] == ["action.yml/-@pypi"]


def test_two_steps_of_one_job_for_one_index_are_one_upload() -> None:
    twice = Analysis((step(Target.PYPI, "A", "job"), step(Target.PYPI, "B", "job"), step(Target.OTHER, "C", "job")))
    (one,) = uploads(twice)
    assert (one.key, one.workflow, one.step.secrets) == ("release.yml/job@pypi", PATH.rpartition("/")[2], ("A",))


@pytest.mark.parametrize(
    ("target", "credential", "takes"),
    [
        (Target.PYPI, Credential.TOKEN, True),
        (Target.TESTPYPI, Credential.TOKEN, True),
        (Target.DEPENDS, Credential.BOTH, True),
        (Target.PYPI, Credential.UNKNOWN, True),
        (Target.PYPI, Credential.TRUSTED, False),
        (Target.OTHER, Credential.TOKEN, False),
        (Target.OTHER, Credential.TRUSTED, False),
    ],
)
def test_an_upload_that_may_take_a_token_counts_and_one_to_another_index_does_not(
    target: Target, credential: Credential, takes: bool
) -> None:
    one = replace(step(target, "TOKEN", "job"), credential=credential)
    assert with_token(Analysis((one,))) == ((one,) if takes else ())
