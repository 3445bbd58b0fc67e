"""Workflow runs, as the runner leaves them and clients read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keyless.rehearsal.github import moments, state
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import Client

DEMO = "/repos/acme/demo"
RUNS = f"{DEMO}/actions/runs"
RELEASE = ".github/workflows/release.yml"


def start(store: Store, path: str = RELEASE, **more) -> int:
    sha = state.head(store, "acme", "demo", "main")
    given = {"event": "release", "ref": "refs/tags/v1", "sha": sha, "actor": "bob", **more}
    return state.create_run(store, "acme", "demo", path=path, **given)


def ids(client: Client, query: str, base: str = RUNS) -> list[int]:
    return [one["id"] for one in client.json(f"{base}?{query}")["workflow_runs"]]


def test_a_run_from_start_to_end(store: Store, ada: Client):
    used = "acme/shared/.github/workflows/publish.yml@refs/heads/main"
    run = start(store, referenced=[used])
    running = ada.json(f"{RUNS}/{run}")
    assert (running["status"], running["conclusion"], running["run_attempt"]) == ("in_progress", None, 1)
    assert (running["name"], running["display_title"]) == ("Release", "Initial commit")
    job = state.add_job(store, "acme", "demo", run, job="publish")
    began = store.now()
    state.add_step(store, "acme", "demo", job, step="Build", conclusion="success", started_at=began)
    ended = began + timedelta(seconds=40)
    state.add_step(
        store, "acme", "demo", job, step="Publish", conclusion="failure", started_at=began, completed_at=ended
    )
    state.add_annotation(store, "acme", "demo", job, level="warning", title="Trusted publishing", message="Use it")
    state.finish_job(store, "acme", "demo", job, "failure", ended)
    state.finish_run(store, "acme", "demo", run, "failure")
    done = ada.json(f"{RUNS}/{run}")
    assert (done["path"], done["event"], done["head_branch"]) == (RELEASE, "release", "v1")
    assert (done["status"], done["conclusion"]) == ("completed", "failure")
    assert [one["path"] for one in done["referenced_workflows"]] == [used]
    (shown,) = ada.json(f"{RUNS}/{run}/jobs")["jobs"]
    assert [(one["number"], one["name"], one["conclusion"]) for one in shown["steps"]] == [
        (1, "Build", "success"),
        (2, "Publish", "failure"),
    ]
    assert shown["steps"][1]["completed_at"] == moments.text(ended) == shown["completed_at"]
    check_run = shown["check_run_url"].rpartition("/")[2]
    (annotation,) = ada.json(f"{DEMO}/check-runs/{check_run}/annotations")
    assert (annotation["annotation_level"], annotation["title"]) == ("warning", "Trusted publishing")
    assert ada.json(f"{DEMO}/actions/jobs/{job}") == shown


def test_attempts_are_kept_apart(store: Store, ada: Client):
    run = start(store)
    first = state.add_job(store, "acme", "demo", run, job="publish", conclusion="failure")
    state.finish_run(store, "acme", "demo", run, "failure")
    assert state.rerun(store, "acme", "demo", run) == 2
    second = state.add_job(store, "acme", "demo", run, job="publish", conclusion="success")
    state.finish_run(store, "acme", "demo", run, "success")
    assert ids(ada, "") == [run]
    assert ada.json(f"{RUNS}/{run}")["conclusion"] == "success"
    assert ada.json(f"{RUNS}/{run}")["previous_attempt_url"].endswith("/attempts/1")
    assert ada.json(f"{RUNS}/{run}/attempts/1")["conclusion"] == "failure"

    def jobs(path: str) -> list[int]:
        return [one["id"] for one in ada.json(path)["jobs"]]

    assert jobs(f"{RUNS}/{run}/attempts/1/jobs") == [first]
    assert jobs(f"{RUNS}/{run}/attempts/2/jobs") == jobs(f"{RUNS}/{run}/jobs") == [second]
    assert jobs(f"{RUNS}/{run}/jobs?filter=all") == [first, second]
    assert ada.get(f"{RUNS}/{run}/attempts/3").status_code == 404


def test_runs_are_filtered_as_github_filters_them(store: Store, ada: Client):
    old = start(store, event="push", ref="main")
    state.finish_run(store, "acme", "demo", old, "success")
    store.advance(3 * 86400)
    new = start(store, path=".github/workflows/test.yml", event="push", ref="topic")
    middle = moments.text(store.now() - timedelta(days=1))
    assert ids(ada, "") == [new, old]
    assert ids(ada, "branch=main") == [old]
    assert ids(ada, "event=release") == []
    assert ids(ada, "status=success") == [old]
    assert ids(ada, "status=in_progress") == [new]
    assert ids(ada, f"created=%3E%3D{middle}") == ids(ada, f"created=>{middle}") == [new]
    assert ids(ada, f"created=<{middle}") == ids(ada, f"created=*..{middle}") == [old]
    assert ids(ada, f"created={middle}..*") == [new]
    assert ids(ada, f"created=<={middle[:10]}") == [old]
    assert ids(ada, f"created={moments.text(store.now())[:10]}") == [new]
    assert ids(ada, "actor=bob") == [new, old]
    assert ids(ada, "", f"{DEMO}/actions/workflows/release.yml/runs") == [old]
    assert ids(ada, "per_page=1&page=2") == [old]
    assert ada.get(f"{RUNS}?created=yesterday").status_code == 422


def test_workflows_are_named_by_file_or_number(store: Store, ada: Client):
    (shown,) = ada.json(f"{DEMO}/actions/workflows")["workflows"]
    assert (shown["path"], shown["state"]) == (RELEASE, "active")
    assert ada.json(f"{DEMO}/actions/workflows/{shown['id']}") == shown
    run = start(store)
    assert ids(ada, "", f"{DEMO}/actions/workflows/{shown['id']}/runs") == [run]
    assert ada.get(f"{DEMO}/actions/workflows/none.yml/runs").status_code == 404


@pytest.mark.parametrize(
    "path", [f"{RUNS}/1", f"{RUNS}/1/jobs", f"{DEMO}/actions/jobs/1", f"{DEMO}/check-runs/1/annotations"]
)
def test_what_is_not_there_is_404(ada: Client, path: str):
    assert ada.get(path).status_code == 404


def test_a_run_of_another_repository_is_not_here(store: Store, ada: Client):
    run = start(store)
    assert ada.get(f"/repos/ada/own/actions/runs/{run}").status_code == 404


def test_a_run_number_counts_per_workflow(store: Store, ada: Client):
    first, second = start(store), start(store)
    other = start(store, path=".github/workflows/test.yml")
    assert [ada.json(f"{RUNS}/{one}")["run_number"] for one in (first, second, other)] == [1, 2, 1]
