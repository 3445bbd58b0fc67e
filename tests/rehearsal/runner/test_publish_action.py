"""The publish action in rehearsal succeeds and fails for the reasons it has in life, and leaves the traces it leaves."""

from __future__ import annotations

import pytest

from keyless.model.index import Index
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.runner.publish_action import version_of
from keyless.secret import Secret
from tests.rehearsal.runner.bench import TOKEN, TRUSTED, Bench

WHEEL, SDIST = "example_project-1.2.0-py3-none-any.whl", "example_project-1.2.0.tar.gz"
TOKEN_TITLES = ["attestations input ignored", "Upgrade to Trusted Publishing", "Create a Trusted Publisher"]
ATTESTING = "Generating and uploading digital attestations"


def test_a_token_uploads_and_leaves_the_three_traces_of_a_token(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    outcome = bench.run(TOKEN)
    assert outcome.conclusion == "success"
    assert bench.files() == {WHEEL: "token", SDIST: "token"}
    assert outcome.only.titles == TOKEN_TITLES
    assert ATTESTING not in outcome.only.words


def test_an_empty_password_with_the_permission_is_trusted_and_attested(bench: Bench) -> None:
    bench.publisher()
    outcome = bench.run(TRUSTED)
    assert outcome.conclusion == "success"
    assert bench.files() == {WHEEL: "trusted, attested", SDIST: "trusted, attested"}
    assert outcome.only.said == [("notice", "", ATTESTING)]


def test_a_deleted_secret_with_the_line_still_there_becomes_trusted_publishing(bench: Bench) -> None:
    bench.publisher()
    outcome = bench.run(
        TOKEN.replace("runs-on: ubuntu-latest", "runs-on: ubuntu-latest\n    permissions: {id-token: write}")
    )
    assert outcome.conclusion == "success"
    assert set(bench.files().values()) == {"trusted, attested"}


def test_a_secret_left_in_place_keeps_the_token_in_use_although_a_publisher_exists(bench: Bench) -> None:
    bench.publisher()
    bench.secret("PYPI_TOKEN", bench.token())
    outcome = bench.run(
        TOKEN.replace("runs-on: ubuntu-latest", "runs-on: ubuntu-latest\n    permissions: {id-token: write}")
    )
    assert outcome.only.titles == TOKEN_TITLES
    assert set(bench.files().values()) == {"token"}


def test_without_the_permission_the_job_fails_and_says_which_is_missing(bench: Bench) -> None:
    bench.publisher()
    outcome = bench.run(TRUSTED.replace("permissions: {id-token: write}", "permissions: {contents: read}"))
    assert outcome.conclusion == "failure"
    assert "ACTIONS_ID_TOKEN_REQUEST_TOKEN environment variable was unset" in outcome.only.words
    assert "Process completed with exit code 1." in outcome.only.words
    assert bench.files() == {}


def test_permissions_of_a_job_replace_those_of_the_workflow(bench: Bench) -> None:
    bench.publisher()
    above = "permissions: {id-token: write}\n" + TRUSTED
    assert bench.run(above.replace("    permissions: {id-token: write}\n", "")).conclusion == "success"
    taken = above.replace("    permissions: {id-token: write}\n", "    permissions: {contents: read}\n")
    assert bench.run(taken, tag="v1.2.1").conclusion == "failure"


def test_no_publisher_fails_with_the_claims_that_were_shown(bench: Bench) -> None:
    outcome = bench.run(TRUSTED)
    assert outcome.conclusion == "failure"
    words = outcome.only.words
    assert "`invalid-publisher`: valid token, but no corresponding publisher" in words
    assert "* `sub`: `repo:acme/example:ref:refs/tags/v1.2.0`" in words
    assert "* `job_workflow_ref`: `acme/example/.github/workflows/release.yml@refs/tags/v1.2.0`" in words
    assert "* `environment`: `MISSING`" in words
    assert ATTESTING not in words


@pytest.mark.parametrize(
    ("workflow", "environment"), [("publish.yml", None), ("Release.yml", None), ("release.yml", "pypi")]
)
def test_a_publisher_that_differs_is_no_publisher(bench: Bench, workflow: str, environment: str | None) -> None:
    bench.publisher(workflow, environment)
    assert "invalid-publisher" in bench.run(TRUSTED).only.words


def test_an_environment_is_claimed_and_compared(bench: Bench) -> None:
    bench.publisher(environment="pypi")
    outcome = bench.run(
        TRUSTED.replace("runs-on: ubuntu-latest", "runs-on: ubuntu-latest\n    environment: {name: PyPI}")
    )
    assert outcome.conclusion == "success"


def test_an_environments_secret_comes_before_the_repositorys(bench: Bench) -> None:
    from keyless.rehearsal.github import state

    bench.secret("PYPI_TOKEN", "pypi-wrong")
    state.create_environment(bench.store, "acme", "example", "pypi")
    token = bench.token().reveal()
    state.set_secret(bench.store, "environment", "acme", "example", "pypi", "PYPI_TOKEN", token)
    assert bench.run(TOKEN).conclusion == "failure"
    outcome = bench.run(TOKEN.replace("runs-on: ubuntu-latest", "runs-on: ubuntu-latest\n    environment: pypi"))
    assert outcome.conclusion == "success"


def test_a_dead_token_is_refused_in_the_indexs_words(bench: Bench) -> None:
    token = bench.token()
    index_state.delete_token(bench.store, Index.PYPI, index_state.token_identifier(token))
    bench.secret("PYPI_TOKEN", token)
    outcome = bench.run(TOKEN)
    assert outcome.conclusion == "failure"
    assert "403" in outcome.only.words
    assert "Invalid or non-existent authentication information" in outcome.only.words


def test_another_projects_token_is_refused(bench: Bench) -> None:
    index_state.create_project(bench.store, Index.PYPI, "other", ["ann"])
    bench.secret("PYPI_TOKEN", bench.token(project="other"))
    assert "project-scoped token is not valid for project" in bench.run(TOKEN).only.words


def test_testpypis_token_is_unknown_to_pypi(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token(Index.TESTPYPI))
    assert bench.run(TOKEN).conclusion == "failure"


def test_the_repository_url_decides_which_index(bench: Bench) -> None:
    bench.publisher(index=Index.TESTPYPI)
    outcome = bench.run(TRUSTED + "        with: {repository-url: 'https://test.pypi.org/legacy/'}\n")
    assert outcome.conclusion == "success"
    assert bench.files() == {}
    assert set(bench.files(Index.TESTPYPI).values()) == {"trusted, attested"}


def test_another_index_is_not_reached(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    outcome = bench.run(TOKEN.replace('TOKEN }}"', 'TOKEN }}", repository-url: "https://example.org/legacy/"'))
    assert outcome.conclusion == "failure"
    assert bench.files() == {}
    assert "Upgrade to Trusted Publishing" not in outcome.only.titles


def test_attestations_false_uploads_trusted_without_provenance(bench: Bench) -> None:
    bench.publisher()
    outcome = bench.run(TRUSTED + "        with: {attestations: false}\n")
    assert outcome.only.said == []
    assert set(bench.files().values()) == {"trusted"}


def test_two_uploads_in_one_job_collide_on_attestations(bench: Bench) -> None:
    bench.publisher()
    bench.publisher(index=Index.TESTPYPI)
    second = "      - uses: pypa/gh-action-pypi-publish@release/v1\n"
    twice = TRUSTED + "        with: {repository-url: 'https://test.pypi.org/legacy/'}\n" + second
    outcome = bench.run(twice)
    assert outcome.conclusion == "failure"
    assert "already has a publish attestation" in outcome.only.words
    assert bench.files(Index.TESTPYPI)
    assert not bench.files()


def test_the_invented_input_publish_is_warned_of_and_does_nothing(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    outcome = bench.run(TOKEN.replace('TOKEN }}"', 'TOKEN }}", publish: false'))
    assert outcome.conclusion == "success"
    warned = next(message for level, _, message in outcome.only.said if level == "warning")
    assert warned.startswith("Unexpected input(s) 'publish', valid inputs are ['user', 'password', 'repository-url', ")


def test_the_same_file_again_fails_unless_existing_is_skipped(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    bench.run(TOKEN)
    changed = TOKEN + "# another commit, so other bytes\n"
    again = bench.run(changed)
    assert again.conclusion == "failure"
    assert "File already exists" in again.only.words
    assert bench.run(changed.replace('TOKEN }}"', 'TOKEN }}", skip-existing: true')).conclusion == "success"


def test_no_distributions_no_upload(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    outcome = bench.run(TOKEN.replace("      - run: python -m build\n", ""))
    assert outcome.conclusion == "failure"
    assert "MISSING DISTS" in outcome.only.words


@pytest.mark.parametrize("ref", ["v1.5.0", "v1.7.1", "master"])
def test_an_action_older_than_oidc_fails_on_an_empty_password(bench: Bench, ref: str) -> None:
    bench.publisher()
    outcome = bench.run(TRUSTED.replace("release/v1", ref))
    assert outcome.conclusion == "failure"
    assert "EMPTY TOKEN" in outcome.only.words
    assert "Trusted publishing" not in outcome.only.words


def test_an_action_before_attestations_uploads_trusted_without_them(bench: Bench) -> None:
    bench.publisher()
    outcome = bench.run(TRUSTED.replace("release/v1", "v1.8.14"))
    assert outcome.conclusion == "success"
    assert set(bench.files().values()) == {"trusted"}


@pytest.mark.parametrize("system", ["macos-latest", "windows-latest"])
def test_the_action_runs_on_linux_only(bench: Bench, system: str) -> None:
    bench.publisher()
    outcome = bench.run(TRUSTED.replace("ubuntu-latest", system))
    assert outcome.conclusion == "failure"
    assert "GNU/Linux" in outcome.only.words
    assert (
        "Container action is only supported on Linux"
        in bench.run(TRUSTED.replace("ubuntu-latest", system).replace("release/v1", "v1.8.14")).only.words
    )


def test_the_action_fails_inside_a_container(bench: Bench) -> None:
    bench.publisher()
    outcome = bench.run(TRUSTED.replace("runs-on: ubuntu-latest", "runs-on: ubuntu-latest\n    container: python:3.12"))
    assert outcome.conclusion == "failure"
    assert bench.files() == {}


def test_a_user_name_and_password_are_refused_before_any_upload(bench: Bench) -> None:
    outcome = bench.run(TOKEN.replace("{password", "{user: ann, password"))
    assert outcome.conclusion == "failure"
    assert "Password-based uploads disabled" in outcome.only.titles


def test_a_user_name_from_a_secret_that_is_gone_is_empty_and_refused(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    outcome = bench.run(TOKEN.replace("{password", "{user: '${{ secrets.PYPI_USER }}', password"))
    assert outcome.conclusion == "failure"
    assert "Password-based uploads disabled" in outcome.only.titles
    assert bench.files() == {}


def test_a_password_that_is_no_token_is_doubted(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", Secret("hunter2"))
    outcome = bench.run(TOKEN)
    assert "POTENTIALLY INVALID TOKEN" in outcome.only.words


def test_an_index_without_trusted_publishing_says_so(bench: Bench) -> None:
    bench.publisher()
    index_state.set_switches(bench.store, Index.PYPI, trusted_publishing_disabled=True)
    outcome = bench.run(TRUSTED)
    assert outcome.conclusion == "failure"
    assert bench.files() == {}


def test_an_index_that_is_down_fails_the_run(bench: Bench) -> None:
    bench.publisher()
    index_state.set_switches(bench.store, Index.PYPI, down=True)
    assert bench.run(TRUSTED).conclusion == "failure"


def test_no_token_stands_in_an_annotation(bench: Bench) -> None:
    token = bench.token()
    bench.secret("PYPI_TOKEN", token)
    bench.run(TOKEN)
    index_state.delete_token(bench.store, Index.PYPI, index_state.token_identifier(token))
    outcome = bench.run(TOKEN)
    assert outcome.conclusion == "failure"
    assert token.reveal()[20:60] not in outcome.only.words


@pytest.mark.parametrize(
    ("ref", "version"),
    [
        ("release/v1", (99,)),
        ("v1", (99,)),
        ("v1.8.0", (1, 8, 0)),
        ("v1.13", (1, 13, 99)),
        ("release/v1.12", (1, 12, 99)),
        ("master", (1, 4, 2)),
        ("76f52bc884231f62b9a034ebfe128415bbaabdfc", (99,)),
    ],
)
def test_a_ref_says_the_actions_version(ref: str, version: tuple[int, ...]) -> None:
    assert version_of(ref) == version
