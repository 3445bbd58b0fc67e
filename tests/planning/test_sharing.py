"""Secrets that an organisation shares, and what each backed-up token serves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyless.errors import StillReferenced
from keyless.model.github import Repository, SecretEntry, Store, StoreKind, Visibility
from keyless.model.index import Index
from keyless.model.plan import BackupItem, Plan, RemoveSecret, SealBackup, UnselectRepository
from keyless.model.reading import Found, Unreadable
from keyless.model.survey import SharedUse, Survey
from keyless.model.workflow import Analysis, Target
from keyless.planning.migrate import plan_migration
from tests.planning.examples import ANALYSIS, HERE, ORGANISATION, REWRITE, answers, entry, reference, step, survey

STORES = [ORGANISATION, Store(StoreKind.ORGANISATION_DEPENDABOT, HERE.owner)]
OTHER, THIRD = (
    SharedUse("PYPI_API_TOKEN", Repository("Owner", name), Found(value=True)) for name in ("Other", "Third")
)
ONE = ("PYPI_API_TOKEN",)


def to_all(store: Store, *shared: SharedUse) -> Survey:
    return replace(survey(replace(entry("PYPI_API_TOKEN", store), visibility=Visibility.ALL)), shared=shared)


def removed(plan: Plan) -> list[SecretEntry]:
    return [s.entry for s in plan.steps if isinstance(s, RemoveSecret)]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("accepted", [(), ("repository:Owner/Other",), ("repository:Owner/Third", "branch:old")])
def test_s3_what_every_repository_sees_stays_while_another_needs_it(store: Store, accepted: tuple[str, ...]) -> None:
    """Such a secret has no list to take this repository off."""
    with pytest.raises(StillReferenced) as refused:
        plan_migration(to_all(store, OTHER, THIRD), REWRITE, answers(secrets=ONE, accepted=accepted), folder=None)
    assert "Owner/Other still reads it; Owner/Third still reads it" in refused.value.what
    assert "repository:Owner/Other" in refused.value.hint


@pytest.mark.parametrize("more", [(), ("branch:old",)])
def test_it_goes_once_everything_that_needs_it_was_accepted(more: tuple[str, ...]) -> None:
    told = answers(secrets=ONE, accepted=("repository:Owner/Other", "repository:Owner/Third", *more))
    plan = plan_migration(to_all(ORGANISATION, OTHER, THIRD), REWRITE, told, folder=None)
    (one,) = (s for s in plan.steps if isinstance(s, RemoveSecret))
    assert one.accepted == told.accepted


def test_it_goes_when_nobody_else_needs_it() -> None:
    plan = plan_migration(
        to_all(ORGANISATION, replace(OTHER, reads=Found(value=False))), REWRITE, answers(secrets=ONE), folder=None
    )
    assert [one.store for one in removed(plan)] == [ORGANISATION]


def test_a_refusal_names_five_readers_at_most() -> None:
    uses = [SharedUse("PYPI_API_TOKEN", Repository("Owner", f"r{n}"), Unreadable("r", "403")) for n in range(7)]
    with pytest.raises(StillReferenced) as refused:
        plan_migration(to_all(ORGANISATION, *uses), REWRITE, answers(secrets=ONE), folder=None)
    assert [n for n in range(7) if f"Owner/r{n} " in refused.value.what] == [0, 1, 2, 3, 4]


def test_a_repositorys_own_secret_is_nobody_elses() -> None:
    """Another repository reads one of the same name: its own."""
    plan = plan_migration(replace(survey(entry("PYPI_API_TOKEN")), shared=(OTHER,)), REWRITE, answers(secrets=ONE), folder=None)  # fmt: skip
    assert [one.name for one in removed(plan)] == ["PYPI_API_TOKEN"]
    assert not any(isinstance(s, UnselectRepository) for s in plan.steps)


def items(seen: Survey, **told: object) -> dict[str, BackupItem]:
    plan = plan_migration(seen, REWRITE, answers(**told), folder=None)
    return {i.entry.name: i for s in plan.steps if isinstance(s, SealBackup) for i in s.items}


def test_a_token_for_both_indexes_is_one_of_neither_for_certain() -> None:
    both = Analysis(
        (step(Target.PYPI, "TOKEN", "pypi"), step(Target.TESTPYPI, "TOKEN", "test")),
        (reference("TOKEN", Target.PYPI, "pypi"),),
    )
    projects = {"release.yml/pypi@pypi": ("My.Project", "other"), "release.yml/test@testpypi": ("my_project", "new")}
    one = items(survey(entry("TOKEN"), analysis=both), secrets=("TOKEN",), projects=projects, backups={})["TOKEN"]
    assert (one.index, one.projects) == (None, ("my-project", "new", "other"))


def test_a_leftover_is_taken_for_the_projects_of_the_index_that_its_name_speaks_of() -> None:
    names = ("OLD_PYPI_TOKEN", "OLD_TESTPYPI_TOKEN")
    projects = {"release.yml/pypi@pypi": ("real",), "release.yml/test@testpypi": ("practice",)}
    found = items(survey(*map(entry, names)), secrets=names, projects=projects, backups={})
    assert {name: (one.index, one.projects) for name, one in found.items()} == {
        "OLD_PYPI_TOKEN": (Index.PYPI, ("real",)),
        "OLD_TESTPYPI_TOKEN": (Index.TESTPYPI, ("practice",)),
    }


def test_a_leftover_of_an_index_without_uploads_is_taken_for_all_projects_once() -> None:
    several = Analysis(tuple(step(Target.PYPI, "", job) for job in ("a", "b")))
    projects = {"release.yml/a@pypi": ("one", "two"), "release.yml/b@pypi": ("Two", "three")}
    found = items(
        survey(entry("TEST_PYPI_TOKEN"), analysis=several), secrets=("TEST_PYPI_TOKEN",), projects=projects, backups={}
    )
    assert found["TEST_PYPI_TOKEN"].projects == ("one", "two", "three")


@pytest.mark.parametrize("whole", [True, False])
def test_a_backup_holds_a_narrowed_copy_unless_the_whole_token_is_asked_for(whole: bool) -> None:
    assert {one.narrowed for one in items(survey(), whole_token=whole).values()} == {not whole}


def test_what_an_upload_reads_in_lower_case_is_the_same_secret() -> None:
    lower = replace(ANALYSIS, publish_steps=tuple(replace(s, secrets=tuple(map(str.lower, s.secrets))) for s in ANALYSIS.publish_steps))  # fmt: skip
    assert items(survey(analysis=lower))["PYPI_API_TOKEN"].projects == ("my-project",)
