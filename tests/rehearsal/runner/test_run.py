"""Whole runs: order of jobs, conditions, matrices, outputs, artifacts, what calls what, and what is recorded."""

from __future__ import annotations

import asyncio

import pytest

from keyless.errors import UsageError
from keyless.model.index import Index
from keyless.rehearsal.github import repositories, runs, state
from keyless.rehearsal.runner import run_workflow, trigger
from tests.rehearsal.runner.bench import PATH, TOKEN, TRUSTED, Bench

ON = "on: {push: {tags: ['v*']}}\n"


def test_jobs_wait_for_what_they_need_and_are_skipped_when_it_fails(bench: Bench) -> None:
    outcome = bench.run(
        ON
        + """
jobs:
  after: {needs: broken, runs-on: x, steps: [{run: "true"}]}
  anyway: {needs: [broken, after], if: "always()", runs-on: x, steps: [{run: "true"}]}
  on_failure: {needs: after, if: "failure()", runs-on: x, steps: [{run: "true"}]}
  result: {needs: broken, if: "always() && needs.broken.result == 'failure'", runs-on: x, steps: [{run: "true"}]}
  broken: {runs-on: x, steps: [{run: "false"}, {run: "true"}, {if: "always()", run: echo cleaned}]}
"""
    )
    assert {name: job.conclusion for name, job in outcome.jobs.items()} == {
        "broken": "failure",
        "after": "skipped",
        "anyway": "success",
        "on_failure": "success",
        "result": "success",
    }
    assert list(outcome.jobs["broken"].steps.values()) == ["failure", "skipped", "success"]
    assert outcome.conclusion == "failure"


def test_a_step_may_fail_without_failing_its_job(bench: Bench) -> None:
    outcome = bench.run(
        ON
        + """
jobs:
  a:
    runs-on: x
    steps:
      - {id: one, run: "false", continue-on-error: true}
      - {if: "steps.one.outcome == 'failure' && steps.one.conclusion == 'success'", name: seen, run: "true"}
"""
    )
    assert outcome.conclusion == "success"
    assert outcome.only.steps == {"Run false": "success", "seen": "success"}


def test_env_is_inherited_and_the_nearest_wins(bench: Bench) -> None:
    bench.secret("T", bench.token())
    outcome = bench.run(
        ON
        + """
env: {TWINE_PASSWORD: "${{ secrets.T }}", TWINE_USERNAME: wrong}
jobs:
  a:
    runs-on: ubuntu-latest
    env: {TWINE_USERNAME: __token__}
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - run: twine upload dist/*
"""
    )
    assert outcome.conclusion == "success"


def test_outputs_travel_between_steps_and_jobs_and_into_env(bench: Bench) -> None:
    outcome = bench.run(
        ON
        + """
jobs:
  a:
    runs-on: x
    outputs: {version: "${{ steps.find.outputs.version }}"}
    steps:
      - id: find
        run: |
          echo "version=${GITHUB_REF_NAME}" >> $GITHUB_OUTPUT
          echo "WORD=said" >> "$GITHUB_ENV"
      - {if: "env.WORD == 'said'", name: "heard ${{ steps.find.outputs.version }}", run: "true"}
  b:
    needs: a
    name: of ${{ needs.a.outputs.version }}
    runs-on: x
    steps: [{run: "true"}]
"""
    )
    assert outcome.jobs["a"].steps["heard v1.2.0"] == "success"
    assert outcome.jobs["of v1.2.0"].conclusion == "success"


def test_a_matrix_runs_each_combination_and_reads_its_own_secret(bench: Bench) -> None:
    bench.secret("TOKEN_PYPI", bench.token())
    bench.secret("TOKEN_TEST", bench.token(Index.TESTPYPI))
    outcome = bench.run(
        ON
        + """
jobs:
  publish:
    strategy:
      matrix:
        name: [pypi, test, never]
        exclude: [{name: never}]
        include:
          - {name: test, url: "https://test.pypi.org/legacy/"}
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: uv build
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets[format('TOKEN_{0}', matrix.name)] }}
          repository-url: ${{ matrix.url }}
"""
    )
    assert outcome.conclusion == "success"
    assert len(outcome.jobs) == 2
    assert len(bench.files()) == len(bench.files(Index.TESTPYPI)) == 2


def test_artifacts_carry_distributions_from_one_job_to_another(bench: Bench) -> None:
    bench.publisher()
    outcome = bench.run(
        ON
        + """
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: {matrix: {kind: [wheel, sdist]}}
    steps:
      - uses: actions/checkout@v4
      - run: python -m build --${{ matrix.kind }} --outdir out .
      - uses: actions/upload-artifact@v4
        with: {name: "dist-${{ matrix.kind }}", path: out/*}
  publish:
    needs: build
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: actions/download-artifact@v4
        with: {pattern: "dist-*", merge-multiple: true, path: dist}
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
    )
    assert outcome.conclusion == "success"
    assert len(bench.files()) == 2


def test_an_artifact_that_is_not_there_fails_the_job(bench: Bench) -> None:
    outcome = bench.run(
        ON + "jobs: {a: {runs-on: x, steps: [{uses: actions/download-artifact@v4, with: {name: dist}}]}}\n"
    )
    assert "Artifact not found for name: dist" in outcome.only.words


CALLED = """\
on:
  workflow_call:
    inputs: {url: {type: string, default: "https://upload.pypi.org/legacy/"}}
    secrets: {token: {required: false}}
jobs:
  upload:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
        with: {password: "${{ secrets.token || secrets.PYPI_TOKEN }}", repository-url: "${{ inputs.url }}"}
"""


@pytest.mark.parametrize(
    ("secrets", "conclusion"),
    [("inherit", "success"), ("{token: '${{ secrets.PYPI_TOKEN }}'}", "success"), ("{}", "failure")],
)
def test_a_reusable_workflow_sees_the_secrets_it_is_handed(bench: Bench, secrets: str, conclusion: str) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    caller = ON + f"jobs: {{call: {{uses: ./.github/workflows/upload.yml, secrets: {secrets}}}}}\n"
    outcome = bench.run(caller, **{".github/workflows/upload.yml": CALLED})
    assert outcome.conclusion == conclusion
    assert list(outcome.jobs) == ["call / upload"]


def test_a_called_job_sees_the_secrets_of_its_own_environment(bench: Bench) -> None:
    state.create_environment(bench.store, "acme", "example", "pypi")
    token = bench.token().reveal()
    state.set_secret(bench.store, "environment", "acme", "example", "pypi", "PYPI_TOKEN", token)
    called = CALLED.replace("  upload:\n", "  upload:\n    environment: pypi\n")
    caller = ON + "jobs: {call: {uses: ./.github/workflows/upload.yml}}\n"
    assert bench.run(caller, **{".github/workflows/upload.yml": called}).conclusion == "success"


def test_trusted_publishing_from_a_reusable_workflow_is_claimed_by_the_called_file(bench: Bench) -> None:
    bench.publisher("release.yml")
    caller = ON + "jobs: {call: {uses: ./.github/workflows/upload.yml, permissions: {id-token: write}}}\n"
    outcome = bench.run(caller, **{".github/workflows/upload.yml": CALLED})
    assert "invalid-publisher" in outcome.only.words
    assert "`job_workflow_ref`: `acme/example/.github/workflows/upload.yml@refs/tags/v1.2.0`" in outcome.only.words
    repository = repositories.repository(bench.store, "acme", "example")["id"]
    run = runs.find_run(bench.store, repository, outcome.run_id)
    assert run["referenced"] == ["acme/example/.github/workflows/upload.yml@refs/tags/v1.2.0"]


def test_a_composite_action_sees_only_its_inputs(bench: Bench) -> None:
    action = """\
inputs: {token: {required: true}}
runs:
  using: composite
  steps:
    - {run: python -m build, shell: bash}
    - {run: "twine upload dist/*", shell: bash, env: {TWINE_PASSWORD: "${{ inputs.token }}"}}
"""
    bench.secret("PYPI_TOKEN", bench.token())
    steps = "steps: [{uses: actions/checkout@v4}, {uses: ./.github/actions/up, with: {token: '${{ secrets.%s }}'}}]"
    files = {".github/actions/up/action.yml": action}
    good = bench.run(ON + f"jobs: {{a: {{runs-on: x, {steps % 'PYPI_TOKEN'}}}}}\n", **files)
    assert good.conclusion == "success"
    assert bench.run(ON + f"jobs: {{a: {{runs-on: x, {steps % 'OTHER'}}}}}\n", **files).conclusion == "failure"
    files = {path: text.replace("inputs.token }}", "secrets.PYPI_TOKEN }}") for path, text in files.items()}
    named = bench.run(ON + f"jobs: {{a: {{runs-on: x, {steps % 'PYPI_TOKEN'}}}}}\n", **files)
    assert "Unrecognized named-value: 'secrets'" in named.only.words


@pytest.mark.parametrize("level", ["job", "step"])
def test_a_condition_cannot_read_secrets(bench: Bench, level: str) -> None:
    bench.secret("T", "x")
    condition = "if: secrets.T != '', "
    where = (condition, "") if level == "job" else ("", condition)
    outcome = bench.run(ON + "jobs: {{a: {{{}runs-on: x, steps: [{{{}run: 'true'}}]}}}}\n".format(*where))
    assert outcome.conclusion == "failure"


def test_the_version_comes_from_pyproject_or_the_tag_or_the_file(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    dynamic = '[project]\nname = "example-project"\ndynamic = ["version"]\n'
    bench.run(TOKEN, tag="v2.0.0", pyproject=dynamic)
    by_hand = TOKEN.replace("on: {push", "on: {workflow_dispatch: {}, push")
    bench.run(by_hand, event="workflow_dispatch", tag=None, pyproject=dynamic, version="3.0.0\n")
    assert {name.split("-")[1].removesuffix(".tar.gz") for name in bench.files()} == {"2.0.0", "3.0.0"}


def test_the_workflow_of_the_tagged_commit_runs_not_that_of_the_branch(bench: Bench) -> None:
    bench.secret("PYPI_TOKEN", bench.token())
    outcome = bench.run(TOKEN)
    bench.commit({PATH: ON + "jobs: {a: {runs-on: x, steps: [{run: 'false'}]}}\n"})
    again = asyncio.run(
        run_workflow(bench.services, "acme", "example", path=PATH, event="push", ref="refs/tags/v1.2.0", actor="ann")
    )
    assert list(bench.outcome(again).jobs) == list(outcome.jobs) == ["publish"]


def test_a_file_that_is_not_valid_is_a_failed_run_without_jobs(bench: Bench) -> None:
    outcome = bench.run("on: push\njobs:\n  a:\n   - wrong: [")
    assert outcome.conclusion == "failure"
    assert outcome.jobs == {}


def test_an_expression_that_cannot_be_read_fails_the_job(bench: Bench) -> None:
    outcome = bench.run(ON + "jobs: {a: {runs-on: x, steps: [{run: 'echo ${{ nothing( }}'}]}}\n")
    assert outcome.conclusion == "failure"


def test_jobs_that_need_each_other_fail_instead_of_waiting_for_ever(bench: Bench) -> None:
    outcome = bench.run(
        ON + "jobs: {a: {needs: b, runs-on: x, steps: [{run: x}]}, b: {needs: a, runs-on: x, steps: [{run: x}]}}\n"
    )
    assert outcome.conclusion == "failure"


def test_an_event_that_a_workflow_does_not_know_is_refused(bench: Bench) -> None:
    with pytest.raises(UsageError, match="does not run on the event"):
        bench.run(TRUSTED, event="release")
    with pytest.raises(UsageError, match="no branch or tag"):
        asyncio.run(
            run_workflow(bench.services, "acme", "example", path=PATH, event="push", ref="nowhere", actor="ann")
        )


def test_an_event_runs_every_workflow_it_starts_and_no_other(bench: Bench) -> None:
    job = "jobs: {a: {runs-on: x, steps: [{run: 'true'}]}}\n"
    sha = bench.commit(
        {
            ".github/workflows/one.yml": ON + job,
            ".github/workflows/two.yaml": "on: [push, release]\n" + job,
            ".github/workflows/three.yml": "on: release\n" + job,
            ".github/workflows/broken.yml": "on: [",
            "vendored/.github/workflows/four.yml": "on: push\n" + job,
        }
    )
    state.tag(bench.store, "acme", "example", "v9", sha)
    ids = asyncio.run(trigger(bench.services, "acme", "example", event="push", ref="refs/tags/v9", actor="ann"))
    repository = repositories.repository(bench.store, "acme", "example")["id"]
    paths = [runs.find_run(bench.store, repository, one)["path"] for one in ids]
    assert paths == [".github/workflows/one.yml", ".github/workflows/two.yaml"]


def test_a_release_knows_whether_it_is_a_prerelease(bench: Bench) -> None:
    workflow = "on: release\njobs: {a: {if: github.event.release.prerelease, runs-on: x, steps: [{run: 'true'}]}}\n"
    assert bench.run(workflow, event="release", tag="v1.2.0rc1").only.conclusion == "success"
    assert bench.run(workflow, event="release", tag="v1.2.0").only.conclusion == "skipped"


def test_a_renamed_repository_claims_its_new_name(bench: Bench) -> None:
    bench.publisher()
    bench.run(TRUSTED.replace("v*", "x*"), tag="x1")
    state.rename_repository(bench.store, "acme", "example", "renamed")
    sha = state.commit(bench.store, "acme", "renamed", "main", {PATH: TRUSTED.encode()}, "x")
    state.tag(bench.store, "acme", "renamed", "v1.2.0", sha)
    run_id = asyncio.run(
        run_workflow(bench.services, "acme", "example", path=PATH, event="push", ref="refs/tags/v1.2.0", actor="ann")
    )
    assert "invalid-publisher" in bench.outcome(run_id).only.words


def test_uploads_lie_within_the_times_of_their_step(bench: Bench) -> None:
    from keyless.rehearsal.index import state as index_state

    bench.publisher()
    outcome = bench.run(TRUSTED)
    repository = repositories.repository(bench.store, "acme", "example")["id"]
    job = runs.jobs(bench.store, repository, outcome.run_id, 1)[0]
    step = job["steps"][-1]
    for file in index_state.files(bench.store, Index.PYPI, "example-project"):
        assert step["started_at"][:19] <= file["uploaded_at"][:19] <= step["completed_at"][:19]
    assert job["started_at"] <= step["started_at"]
    assert step["completed_at"] <= job["completed_at"]


def test_the_jobs_request_token_ends_with_the_job(bench: Bench) -> None:
    bench.publisher()
    bench.run(TRUSTED)
    assert bench.store.all("issuer.grant") == []
