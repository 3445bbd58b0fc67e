"""Everything that the simulated GitHub offers to read answers as GitHub's description says."""

from __future__ import annotations

import re

import pytest

from keyless.rehearsal.github import state
from keyless.rehearsal.github.app import ENDPOINTS
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import Client

READS = sorted(one.path for one in ENDPOINTS if one.method == "GET")
CONTENTS_ROOT = "/repos/{owner}/{repo}/contents/?"
"""The listing of a repository's top has no path of its own in the description."""


@pytest.fixture
def values(store: Store) -> dict[str, str]:
    """A world in which every read finds something; the values of the paths' parameters."""
    sha = state.head(store, "acme", "demo", "main")
    state.create_branch(store, "acme", "demo", "topic", {"more.txt": b"1"})
    for kind in ("repository", "environment", "organisation", "dependabot", "codespaces", "agents"):
        state.set_secret(store, kind, "acme", "demo", "pypi", "T", "x", selected=["demo"])
    state.set_secret(store, "organisation-dependabot", "acme", None, None, "T", "x", selected=["demo"])
    path = ".github/workflows/release.yml"
    run = state.create_run(store, "acme", "demo", path=path, event="push", ref="main", sha=sha, actor="ada")
    job = state.add_job(store, "acme", "demo", run, job="publish", conclusion="success")
    state.add_step(store, "acme", "demo", job, step="Publish", conclusion="success")
    state.add_annotation(store, "acme", "demo", job, level="warning", title="t", message="m")
    state.add_alert(store, "acme", "demo")
    blob = "ce013625030ba8dba906f756967f9e9ca394464a"
    given = {"owner": "acme", "org": "acme", "repo": "demo", "username": "ada", "secret_name": "T", "branch": "topic"}
    given |= {"environment_name": "pypi", "ref": "heads/main", "commit_sha": sha, "tree_sha": "main", "file_sha": blob}
    given |= {"path": "README.md", "pull_number": "1", "alert_number": "1", "attempt_number": "1"}
    return given | {"run_id": str(run), "job_id": str(job), "check_run_id": str(job), "workflow_id": "release.yml"}


def test_there_is_as_much_to_read_as_was_written():
    assert len(READS) == 62


@pytest.mark.parametrize("path", [one for one in READS if one != CONTENTS_ROOT])
def test_a_read_is_as_described(ada: Client, values: dict[str, str], path: str):
    pull = {"title": "t", "head": "topic", "base": "main"}
    assert ada.ask("POST", "/repos/acme/demo/pulls", json=pull).status_code == 201
    merged = ada.ask("PUT", "/repos/acme/demo/pulls/1/merge", json={})
    assert merged.status_code == 200
    filled = re.sub(r"\{(\w+)\*?\}", lambda found: values[found[1]], path)
    if "/commits/" in filled:
        filled = filled.replace("heads/main", "main")
    answer = ada.get(filled + ("?state=all" if path.endswith("/pulls") else ""))
    assert answer.status_code == (204 if path.endswith("/merge") else 200), answer.text
    assert path.endswith("/merge") or answer.json()
