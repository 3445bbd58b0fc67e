"""Which secrets could go: those that uploads read, in every store, and those whose names speak of PyPI."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyless.model.github import Branch, Repository, SecretEntry, Selected, Store, StoreKind, Visibility
from keyless.model.index import Index
from keyless.model.reading import Found, Unreadable
from keyless.model.survey import BranchReading, StoreReading, Survey
from keyless.model.workflow import Analysis, Target
from keyless.planning.candidates import Candidate, candidates, store_key
from tests.planning.examples import ANALYSIS, FACTS, HERE, entry, reference, step, survey
from tests.planning.examples import ORGANISATION as SHARED

ENVIRONMENT = Store(StoreKind.ENVIRONMENT, HERE.owner, HERE.name, "pypi")
NOTHING = Analysis()


def found(*entries: SecretEntry, analysis: Analysis = NOTHING) -> dict[str, Candidate]:
    return {one.key: one for one in candidates(survey(*entries, analysis=analysis))}


def test_an_upload_that_reads_a_secret_gives_it_its_index_and_its_name() -> None:
    one = found(entry("PYPI_API_TOKEN"), analysis=ANALYSIS)["PYPI_API_TOKEN"]
    assert (one.used, one.holds_token) == (True, True)
    assert (one.indexes, one.uploads) == ((Index.PYPI,), ("release.yml/pypi@pypi",))


@pytest.mark.parametrize(("in_store", "in_workflow"), [("DEPLOY_KEY", "deploy_key"), ("deploy_key", "DEPLOY_KEY")])
def test_names_compare_as_github_compares_them(in_store: str, in_workflow: str) -> None:
    analysis = Analysis((step(Target.TESTPYPI, in_workflow, "go"),), (reference(in_workflow, Target.TESTPYPI, "go"),))
    one = found(entry(in_store), analysis=analysis)[in_store]
    assert (one.used, one.indexes, one.uploads) == (True, (Index.TESTPYPI,), ("release.yml/go@testpypi",))


def test_a_secret_that_serves_both_indexes_says_so_once_each() -> None:
    steps = (step(Target.DEPENDS, "TOKEN", "a"), step(Target.PYPI, "TOKEN", "b"))
    one = found(entry("TOKEN"), analysis=Analysis(steps, (reference("TOKEN", Target.PYPI, "a"),)))["TOKEN"]
    assert one.indexes == (Index.TESTPYPI, Index.PYPI)
    assert one.uploads == ("release.yml/a@testpypi", "release.yml/a@pypi", "release.yml/b@pypi")


def test_a_secret_of_the_same_name_in_two_stores_is_named_with_its_store() -> None:
    both = (entry("PYPI_API_TOKEN"), entry("pypi_api_token", ENVIRONMENT), entry("TEST_TOKEN"))
    assert set(found(*both, analysis=ANALYSIS)) == {
        "PYPI_API_TOKEN@repository",
        "pypi_api_token@environment:pypi",
        "TEST_TOKEN",
    }


def test_a_store_is_named_by_its_kind_and_an_environments_by_its_name_too() -> None:
    assert store_key(entry("X")) == "repository"
    assert store_key(entry("X", SHARED)) == "organisation"
    assert store_key(entry("X", ENVIRONMENT)) == "environment:pypi"


def test_s11_a_store_that_could_not_be_read_hides_nothing_of_the_others() -> None:
    seen = survey(entry("PYPI_API_TOKEN"))
    closed = StoreReading(ENVIRONMENT, Unreadable("secrets", "403"))
    assert [one.key for one in candidates(replace(seen, stores=(closed, *seen.stores)))] == ["PYPI_API_TOKEN"]


OTHER = Selected(8, Repository("Owner", "Other"))


@pytest.mark.parametrize("kind", [StoreKind.ORGANISATION, StoreKind.ORGANISATION_DEPENDABOT])
@pytest.mark.parametrize(
    ("visibility", "selected", "private", "reaches"),
    [
        (Visibility.ALL, (), False, True),
        (Visibility.PRIVATE, (), False, False),
        (Visibility.PRIVATE, (), True, True),
        (Visibility.SELECTED, (OTHER, Selected(FACTS.id, HERE)), False, True),
        (Visibility.SELECTED, (OTHER,), True, False),
        (Visibility.SELECTED, (), False, False),
    ],
)
def test_a_secret_of_the_organisation_counts_where_it_reaches_this_repository(
    kind: StoreKind, visibility: Visibility, selected: tuple[Selected, ...], private: bool, reaches: bool
) -> None:
    shared = replace(entry("PYPI_API_TOKEN", Store(kind, HERE.owner)), visibility=visibility, selected=selected)
    seen = survey(shared)
    names = [one.key for one in candidates(replace(seen, facts=replace(FACTS, private=private)))]
    assert names == (["PYPI_API_TOKEN"] if reaches else [])


def on_another_branch(secret: str, role: str) -> Survey:
    old = replace(reference("DEPLOY", Target.PYPI, "pypi"), secret=secret, role=role)
    branches = (
        BranchReading(Branch("unseen", "1"), Unreadable("tree", "403")),
        BranchReading(Branch("old", "2"), Found(Analysis(references=(old,)))),
    )
    return replace(survey(entry("DEPLOY"), analysis=NOTHING), branches=branches)


def test_s3_a_secret_that_only_another_branch_reads_is_used() -> None:
    (one,) = candidates(on_another_branch("deploy", "password"))
    assert (one.used, one.holds_token, one.uploads) == (True, True, ())


def test_a_secret_that_is_only_ever_a_user_name_holds_no_token() -> None:
    (one,) = candidates(on_another_branch("DEPLOY", "username"))
    assert not one.holds_token


@pytest.mark.parametrize(
    ("name", "index", "holds_token"),
    [
        ("PYPI_TOKEN", Index.PYPI, True),
        ("TEST_PYPI_TOKEN", Index.TESTPYPI, True),
        ("testpypi_token", Index.TESTPYPI, True),
        ("TWINE_USERNAME", Index.PYPI, False),
        ("pypi_user", Index.PYPI, False),
        ("PYPI_USER_TOKEN", Index.PYPI, True),
        ("TWINE_PASSWORD", Index.PYPI, True),
        ("UV_PUBLISH_TOKEN", Index.PYPI, True),
        ("FLIT_PASSWORD", Index.PYPI, True),
        ("HATCH_INDEX_AUTH", Index.PYPI, True),
        ("PDM_PUBLISH_PASSWORD", Index.PYPI, True),
        ("MATURIN_PASSWORD", Index.PYPI, True),
    ],
)
def test_what_a_name_says_of_a_leftover_that_nothing_reads(name: str, index: Index, holds_token: bool) -> None:
    (one,) = candidates(survey(entry(name), entry("CODECOV_TOKEN"), entry("FLITTER"), analysis=NOTHING))
    assert (one.key, one.used, one.indexes, one.holds_token) == (name, False, (index,), holds_token)


def test_a_name_says_nothing_where_an_upload_tells_it() -> None:
    """A password in a secret called USER is a token, and one called TEST that goes to PyPI is PyPI's."""
    analysis = Analysis((step(Target.PYPI, "TEST_USER", "go"),), (reference("TEST_USER", Target.PYPI, "go"),))
    one = found(entry("TEST_USER"), analysis=analysis)["TEST_USER"]
    assert (one.holds_token, one.indexes) == (True, (Index.PYPI,))
