"""What one survey shows of a migration that is not as it was left; whole runs are in tests/journeys/test_watch.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from keyless.model.github import Environment, SecretEntry
from keyless.model.index import Index
from keyless.model.plan import Phase, Plan, ProveRelease, RemoveSecret
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.survey import StoreReading, Survey
from keyless.model.workflow import Analysis, Credential, FileProblem, Place, Target
from keyless.planning.drift import Drift, of_protection, of_survey
from tests.planning.examples import HERE, NOW, ORGANISATION, PATH, STORE, entry, step, survey

LATER = NOW + timedelta(days=1)
NAME = str(HERE)
PUBLISHER = Publisher("Owner", "Project", "release.yml")
PYPI, TEST = step(Target.PYPI, "", "pypi"), step(Target.TESTPYPI, "", "test")


def prove(index: Index = Index.PYPI, publisher: Publisher = PUBLISHER, project: str = "sample") -> ProveRelease:
    return ProveRelease("prove", index, project, publisher, Grade.ATTESTED, PATH)


def remove(name: str = "PYPI_API_TOKEN") -> RemoveSecret:
    return RemoveSecret("remove", entry(name), ())


def plan(*steps: ProveRelease | RemoveSecret) -> Plan:
    return Plan(Phase.MIGRATE, HERE, steps, NOW)


def clean(*entries: SecretEntry, **analysis: object) -> Survey:
    """A repository that publishes to both indexes without a token."""
    return survey(*(entries or (entry("CODECOV_TOKEN"),)), analysis=replace(Analysis((PYPI, TEST)), **analysis))  # type: ignore[arg-type]


def drifts(found: Survey, *steps: ProveRelease | RemoveSecret, since: datetime | None = NOW) -> list[Drift]:
    return list(of_survey(found, plan(*steps), since))


def test_what_is_as_it_was_left_has_not_drifted() -> None:
    assert drifts(clean(), prove(), prove(Index.TESTPYPI), remove()) == []


@pytest.mark.parametrize(
    ("credential", "says", "certain"),
    [
        (Credential.TOKEN, "hands a token to an upload again", True),
        (Credential.BOTH, "hands a token to an upload again", True),
        (Credential.UNKNOWN, "may hand a token to an upload again", False),
    ],
)
def test_a_token_that_came_back_into_a_workflow_is_named_with_its_place(
    credential: Credential, says: str, certain: bool
) -> None:
    back = replace(PYPI, credential=credential)
    (drift,) = drifts(clean(publish_steps=(back, TEST)))
    assert drift == Drift(NAME, f"{PATH}:10:7 {says}", certain, f"keyless migrate {NAME}")


def test_a_file_that_is_not_understood_is_said_and_hides_nothing_else() -> None:
    """It may hold the upload that is missing, so that is not claimed (S11)."""
    found = clean(publish_steps=(), problems=(FileProblem("a.yml", "it is no YAML"),))
    assert drifts(found, prove()) == [
        Drift(NAME, "a.yml is not understood: it is no YAML", False, f"keyless scan {NAME}")
    ]


def test_a_store_that_cannot_be_read_is_uncertain_and_the_others_are_looked_at() -> None:
    found = clean(replace(entry("PYPI_NEW"), updated_at=LATER))
    unread = StoreReading(ORGANISATION, Unreadable("secrets", "403"))
    gone = StoreReading(ORGANISATION, Missing("no organisation"))
    first, second = drifts(replace(found, stores=(gone, unread, *found.stores)))
    assert first == Drift(NAME, f"the secrets of {ORGANISATION} could not be read: 403", False, "keyless doctor")
    assert second == Drift(NAME, f"secret PYPI_NEW was put into {STORE} on 2026-03-02", True, f"keyless scan {NAME}")


@pytest.mark.parametrize(
    ("name", "updated_at", "since", "seen"),
    [
        ("PYPI_NEW", LATER, NOW, True),
        ("PYPI_NEW", LATER, LATER, False),
        ("PYPI_NEW", NOW, LATER, False),
        ("PYPI_NEW", LATER, None, False),
        ("pypi_api_token", LATER, NOW, False),
        ("CODECOV_TOKEN", LATER, NOW, False),
    ],
    ids=["after", "at that moment", "before", "unknown when", "a removed one", "of something else"],
)
def test_a_secret_counts_when_it_is_of_pypi_came_after_the_end_and_is_none_of_the_removed(
    name: str, updated_at: datetime, since: datetime | None, seen: bool
) -> None:
    """The removed ones are looked up by themselves, in whatever case GitHub spells them."""
    found = clean(replace(entry(name), updated_at=updated_at))
    assert bool(drifts(found, remove(), since=since)) is seen


def test_a_removed_secret_is_known_however_the_plan_spelled_it() -> None:
    found = clean(replace(entry("PYPI_API_TOKEN"), updated_at=LATER))
    assert drifts(found, remove("pypi_api_token")) == []


def test_the_same_name_in_another_store_is_none_of_the_removed() -> None:
    elsewhere = replace(entry("PYPI_API_TOKEN", ORGANISATION), updated_at=LATER)
    (drift,) = drifts(clean(elsewhere), remove())
    assert str(ORGANISATION) in drift.says


@pytest.mark.parametrize(
    ("steps", "now"),
    [
        ((TEST,), "now none uploads there"),
        (
            (replace(PYPI, place=Place(".github/workflows/other.yml", 1, 1)), TEST),
            "now it is Owner/Project · other.yml",
        ),
    ],
    ids=["gone", "moved"],
)
def test_an_upload_that_no_longer_runs_as_the_proven_publisher_is_named(steps: tuple[object, ...], now: str) -> None:
    says = f"no workflow releases sample on PyPI as {PUBLISHER} any more: {now}"
    found = clean(publish_steps=steps)
    assert drifts(found, prove()) == [Drift(NAME, says, True, f"keyless scan {NAME}")]


@pytest.mark.parametrize(
    "publisher", [PUBLISHER, replace(PUBLISHER, owner="owner")], ids=["the same", "another spelling that PyPI takes"]
)
def test_one_upload_that_still_fits_is_enough(publisher: Publisher) -> None:
    other = replace(PYPI, place=Place(".github/workflows/other.yml", 1, 1))
    assert drifts(clean(publish_steps=(other, PYPI)), prove(publisher=publisher)) == []


# Environments

GUARDED = {"release": ("branch_policy", "required_reviewers")}


def environments(**rules: tuple[str, ...]) -> Reading[tuple[Environment, ...]]:
    return Found(tuple(Environment(name, kinds) for name, kinds in rules.items()))


def protection(
    now: Reading[tuple[Environment, ...]],
    before: Mapping[str, tuple[str, ...]] = GUARDED,
    environment: str | None = "Release",
) -> list[Drift]:
    return list(
        of_protection(HERE, before, now, plan(remove(), prove(publisher=replace(PUBLISHER, environment=environment))))
    )


@pytest.mark.parametrize(
    "now",
    [
        environments(Release=GUARDED["release"]),
        environments(release=(*GUARDED["release"], "wait_timer")),
        environments(release=GUARDED["release"], other=()),
    ],
    ids=["the same", "more of them", "another one that has none"],
)
def test_an_environment_that_kept_its_guards_has_not_drifted(now: Reading[tuple[Environment, ...]]) -> None:
    assert protection(now) == []


@pytest.mark.parametrize("now", [Unreadable("environments", "403"), Missing("404"), environments()])
def test_without_an_environment_nothing_is_asked_of_any(now: Reading[tuple[Environment, ...]]) -> None:
    assert protection(now, environment=None) == []


@pytest.mark.parametrize(
    ("now", "because"), [(Unreadable("environments", "403"), "403"), (Missing("no Owner/Project"), "no Owner/Project")]
)
def test_environments_that_cannot_be_read_are_said_and_not_taken_for_gone(
    now: Reading[tuple[Environment, ...]], because: str
) -> None:
    """S11."""
    assert protection(now) == [Drift(NAME, f"its environments could not be read: {because}", False, "keyless doctor")]


@pytest.mark.parametrize("before", [GUARDED, {}], ids=["guarded", "never guarded"])
def test_an_environment_that_is_gone_is_said_whatever_guarded_it(before: Mapping[str, tuple[str, ...]]) -> None:
    says = "environment 'release' is gone: the next run makes it anew, guarded by nothing"
    assert protection(environments(other=()), before) == [Drift(NAME, says, True, f"keyless scan {NAME}")]


def test_every_guard_that_an_environment_lost_is_named() -> None:
    says = "environment 'release' is not guarded by branch_policy, required_reviewers any more"
    assert protection(environments(RELEASE=("wait_timer",))) == [Drift(NAME, says, True, f"keyless scan {NAME}")]


def test_an_environment_that_two_publishers_share_is_said_once() -> None:
    both = (
        prove(publisher=replace(PUBLISHER, environment="release")),
        prove(Index.TESTPYPI, replace(PUBLISHER, environment="RELEASE")),
    )
    assert len(list(of_protection(HERE, GUARDED, environments(), plan(*both)))) == 1
