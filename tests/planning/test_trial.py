"""What can be tried before a release, and the workflow that tries it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from keyless import __version__
from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import OpenWindow, Phase, Plan, ProveRelease, RegisterPublisher
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.release import Release, ReleaseFile
from keyless.model.survey import ProjectReading
from keyless.planning.trial import RARELY, before_release, offers, preflight_workflow
from tests.planning.examples import survey

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
PUBLISHER = Publisher("acme", "example", "release.yml", "pypi")
PENDING = "https://pypi.org/manage/account/publishing/"


def released(age: timedelta) -> Found[tuple[Release, ...]]:
    file = ReleaseFile("example-1.0.tar.gz", "0" * 64, 1, NOW - age, yanked=False, has_provenance=None)
    return Found((Release(Index.PYPI, "example", "1.0", (file,)),))


def offered(read: object, index: Index = Index.PYPI, *beside: RegisterPublisher) -> str:
    step = ProveRelease("prove", index, "example", PUBLISHER, Grade.ATTESTED, ".github/workflows/release.yml")
    plan = Plan(Phase.MIGRATE, Repository("acme", "example"), (*beside, step), NOW)
    return " ".join(before_release(step, plan, read, NOW))  # type: ignore[arg-type]


def test_a_project_that_publishes_rarely_is_offered_a_preflight_that_is_no_proof() -> None:
    said = offered(released(RARELY + timedelta(days=1)))
    assert (
        "keyless preflight example --index pypi --expect acme/example:release.yml@pypi --print-workflow prints" in said
    )
    assert "no proof" in said
    assert "last released on PyPI on 2025-12-13" in said


def test_rarely_is_what_has_no_release_for_more_than_ninety_days() -> None:
    """Of all its files the newest one counts, and with no plan made yet nothing is pending beside it."""
    step = ProveRelease("prove", Index.PYPI, "example", PUBLISHER, Grade.ATTESTED, ".github/workflows/release.yml")

    def offered_after(*ages: timedelta) -> bool:
        releases = Found(tuple(release for age in ages for release in released(age).value))
        return bool(before_release(step, None, releases, NOW))

    assert not offered_after(timedelta(days=90))
    assert offered_after(timedelta(days=90, seconds=1))
    assert not offered_after(timedelta(days=400), timedelta(days=1), timedelta(days=300))


def test_on_testpypi_a_release_is_the_trial() -> None:
    assert offered(released(RARELY * 2), Index.TESTPYPI) == ""


@pytest.mark.parametrize(
    ("index", "publisher", "pending", "hindered"),
    [
        (Index.PYPI, PUBLISHER, True, True),
        (Index.PYPI, PUBLISHER, False, False),
        (Index.TESTPYPI, PUBLISHER, True, False),
        (Index.PYPI, Publisher("acme", "example", "other.yml", "pypi"), True, False),
    ],
)
def test_a_sibling_whose_publisher_is_pending_would_be_created_so_nothing_is_offered(
    index: Index, publisher: Publisher, pending: bool, hindered: bool
) -> None:
    """A monorepo: one project was released long ago, the other one never, from the same workflow."""
    said = offered(released(RARELY * 2), Index.PYPI, RegisterPublisher("r", index, "brand-new", publisher, pending))
    assert ("pending for brand-new, and minting would create it" in said) is hindered
    assert ("--print-workflow" in said) is not hindered


def test_every_proof_of_a_plan_whose_project_was_read_is_offered_what_fits_it() -> None:
    """In the plan's order; for a project on the other index, or one that nobody read, nothing is said."""
    proofs = [
        ProveRelease(f"prove:{name}", index, name, PUBLISHER, Grade.ATTESTED, ".github/workflows/release.yml")
        for index, name in ((Index.TESTPYPI, "new"), (Index.PYPI, "example"), (Index.PYPI, "unread"))
    ]
    plan = Plan(Phase.MIGRATE, Repository("acme", "example"), (*proofs, OpenWindow("window", 14)), NOW)
    read = (
        ProjectReading(Index.PYPI, "example", released(RARELY * 2)),
        ProjectReading(Index.TESTPYPI, "new", Missing("new")),
        ProjectReading(Index.TESTPYPI, "unread", Missing("unread")),
    )
    said = tuple(offers(replace(survey(), projects=read), plan, NOW))
    creates = before_release(proofs[0], plan, Missing("new"), NOW)
    rarely = before_release(proofs[1], plan, released(RARELY * 2), NOW)
    assert creates
    assert rarely
    assert said == (*creates, *rarely)


def test_a_project_that_publishes_often_is_offered_nothing() -> None:
    assert offered(released(RARELY - timedelta(days=1))) == ""


@pytest.mark.parametrize("read", [Missing("example"), Found(())], ids=["no project", "no release"])
@pytest.mark.parametrize("index", list(Index))
def test_a_project_that_does_not_exist_is_never_offered_a_preflight(read: object, index: Index) -> None:
    said = offered(read, index)
    assert "--print-workflow" not in said
    assert "would create the project" in said
    assert ("nothing about the publisher on PyPI" in said) is (index is Index.PYPI)


def test_what_could_not_be_read_is_offered_nothing() -> None:
    assert offered(Unreadable("example", "503")) == ""


def test_the_workflow_does_nothing_but_ask_for_an_identity() -> None:
    text = preflight_workflow(Index.PYPI, "example", PUBLISHER, PENDING)
    read = yaml.safe_load(text)
    (job,) = read["jobs"].values()
    assert read[True] == {"push": {"branches": ["keyless-preflight"]}}
    assert read["permissions"] == {}
    assert job["permissions"] == {"id-token": "write"}
    assert job["environment"] == "pypi"
    assert [list(step) for step in job["steps"]] == [["run"]]
    assert job["steps"][0]["run"] == (
        f"pipx run keyless=={__version__} preflight example --index pypi --expect acme/example:release.yml@pypi --nothing-pending"
    )
    assert PENDING in text
    assert "secrets" not in text


def test_a_publisher_without_environment_makes_a_job_without_one() -> None:
    read = yaml.safe_load(preflight_workflow(Index.PYPI, "example", Publisher("a", "b", "r.yml", None), PENDING))
    assert "environment" not in read["jobs"]["preflight"]
    assert read["jobs"]["preflight"]["steps"][0]["run"].endswith(" --expect a/b:r.yml --nothing-pending")


@pytest.mark.parametrize("environment", ["a'b", 'a"b', "a\nb", "${{ secrets.X }}", "a,b", "x" * 256])
def test_an_environment_that_could_say_more_is_refused(environment: str) -> None:
    with pytest.raises(UsageError):
        preflight_workflow(Index.PYPI, "example", Publisher("a", "b", "r.yml", environment), PENDING)


def test_a_publisher_without_a_workflow_is_refused() -> None:
    with pytest.raises(UsageError):
        preflight_workflow(Index.PYPI, "example", Publisher("a", "b", "", None), PENDING)


def test_an_environment_with_spaces_reaches_the_command_whole() -> None:
    read = yaml.safe_load(preflight_workflow(Index.PYPI, "example", Publisher("a", "b", "r.yml", "to pypi"), PENDING))
    assert "'a/b:r.yml@to pypi'" in read["jobs"]["preflight"]["steps"][0]["run"]
