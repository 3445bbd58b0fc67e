"""The publisher that each upload needs, and the claims of its runs: held against what the simulated GitHub really says."""

from __future__ import annotations

import pytest

from keyless.errors import UsageError
from keyless.model.github import Repository, SourceFile
from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.planning.forecast import REF, Forecast, forecasts, links, parse_publisher
from keyless.rehearsal import issuer
from keyless.workflows import analyse

HERE = Repository("Octo", "Sample")
SITES = {Index.PYPI: "https://pypi.example", Index.TESTPYPI: "https://test.example"}
TEXT = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: ENVIRONMENT
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        with: {packages-dir: FOLDER}
"""


def of(text: str, projects: dict[str, str | None], typed: Publisher | None = None) -> tuple[Forecast, ...]:
    return forecasts(
        HERE, analyse([SourceFile(".github/workflows/Release.yml", text.encode())]), projects, SITES, typed
    )


@pytest.mark.parametrize("environment", ["PyPI", ""])
def test_the_claims_are_those_that_the_runs_token_carries(environment: str):
    """Except for the branch or tag, which no workflow tells."""
    text = TEXT.replace("FOLDER", "dist")
    text = (
        text.replace("ENVIRONMENT", environment) if environment else text.replace("    environment: ENVIRONMENT\n", "")
    )
    (one,) = of(text, {"": "sample"})
    job = issuer.Job(
        repository=str(HERE),
        repository_id=1,
        owner_id=2,
        workflow_path=".github/workflows/Release.yml",
        workflow_name="Release",
        ref=REF,
        sha="0" * 40,
        event="release",
        actor="ann",
        run_id=1,
        run_number=1,
        environment=environment or None,
        visibility="public",
    )
    claims = issuer.job_claims(job)
    assert dict(one.claims) == {name: claims[name] for name in one.claims}
    assert ("environment" in one.claims) is ("environment" in claims)
    assert one.publisher == Publisher("Octo", "Sample", "Release.yml", environment.lower() or None)
    assert claims["job_workflow_ref"] == "Octo/Sample/.github/workflows/Release.yml@<ref>"
    assert (one.index, one.problem) == (Index.PYPI, "")
    assert (one.differences, one.refused) == (None, False)


def test_a_monorepos_projects_are_told_apart_by_their_folders():
    """Each link is for the project that lies beside the distributions."""
    second = TEXT.replace("FOLDER", "extra/dist").partition("  publish:")[2]
    text = TEXT.replace("FOLDER", "core/dist") + "  publish2:" + second
    found = of(text, {"core/": "core-name", "extra/": None})
    assert [(one.project, bool(one.link)) for one in found] == [("core-name", True), (None, False)]


def test_an_upload_that_depends_on_an_input_needs_a_publisher_on_both_indexes():
    """Which one is used is decided when it runs."""
    text = TEXT.replace("FOLDER", 'dist, repository-url: "${{ inputs.url }}"')
    assert {one.index for one in of(text, {"": "sample"})} == set(Index)


def test_where_no_publisher_can_match_there_is_no_link():
    """A form that is filled in and cannot help would mislead."""
    text = TEXT.replace("FOLDER", "dist").replace("on: {release: {types: [published]}}", "on: [workflow_call]")
    (one,) = of(text, {"": "sample"})
    assert one.problem
    assert one.link is None


@pytest.mark.parametrize(
    ("typed", "fields", "refused"),
    [
        ("Octo/Sample:Release.yml@pypi", [], False),
        ("octo/Sample:Release.yml@pypi", ["owner"], False),
        ("octo/Sample:release.yml@pypi", ["owner", "workflow"], True),
        ("Octo/Sample:Release.yml@other", ["environment"], True),
    ],
)
def test_a_publisher_that_was_typed_is_refused_for_any_difference_that_counts(
    typed: str, fields: list[str], refused: bool
):
    """PyPI compares the owner without case, and all else with it."""
    text = TEXT.replace("FOLDER", "dist").replace("ENVIRONMENT", "pypi")
    (one,) = of(text, {"": "sample"}, parse_publisher(typed))
    assert [difference.field for difference in one.differences or ()] == fields
    assert one.differences is not None
    assert one.refused is refused


@pytest.mark.parametrize(
    ("text", "publisher"),
    [
        ("a/b:c.yml", Publisher("a", "b", "c.yml")),
        ("a/b:c.yml@Env", Publisher("a", "b", "c.yml", "Env")),
        ("a/b:c.yml@env with: odd/signs@2", Publisher("a", "b", "c.yml", "env with: odd/signs@2")),
        ("a/a/b:.github/workflows/c.yml", Publisher("a", "a/b", ".github/workflows/c.yml")),
        ("a/b: c.yml ", Publisher("a", "b", " c.yml ")),
    ],
)
def test_what_was_typed_is_taken_with_its_mistakes(text: str, publisher: Publisher):
    """They are what the comparison is for."""
    assert parse_publisher(text) == publisher


@pytest.mark.parametrize("text", ["", "a", "a/b", "a/b:", "/b:c", "a/:c.yml", "a:b/c"])
def test_what_is_no_publisher_is_refused(text: str):
    """With the form in the hint."""
    with pytest.raises(UsageError):
        parse_publisher(text)


def test_the_forms_are_listed_each_once_where_there_is_one():
    """With what is filled into them."""
    text = TEXT.replace("FOLDER", "dist").replace("ENVIRONMENT", "pypi")
    (one,) = of(text, {"": "sample"})
    (unknown,) = of(text, {"": None})
    assert one.link is not None
    assert links((one, unknown, one)) == ((f"{one.upload}: the form for sample on PyPI, filled in", one.link),)
