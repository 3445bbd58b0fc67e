"""`keyless preflight` as a process, with the variables of a job, against a rehearsal that is served by another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.rehearsal import issuer
from keyless.rehearsal.folder import open_store
from keyless.rehearsal.github import accounts, repositories
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.store import Store
from tests.e2e.served import Ran, Served

EXPECT = "shap-like/shap:release.yml@release"


class Job:
    """A job of shap-like/shap, as GitHub would run it."""

    def __init__(self, served: Served, store: Store) -> None:
        self.served, self.store = served, store
        self.granted: list[str] = []

    def run(self, *arguments: str, environment: str = "release") -> Ran:
        document = repositories.repository(self.store, "shap-like", "shap")
        owner = accounts.account(self.store, "shap-like") or {}
        job = issuer.Job(
            "shap-like/shap", document["id"], owner["id"], ".github/workflows/release.yml", "keyless preflight",
            "refs/heads/keyless-preflight", "a" * 40, "push", "nadia", 1, environment=environment,
        )  # fmt: skip
        self.granted.append(issuer.Issuer(self.store).grant(issuer.job_claims(job)))
        variables = {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": issuer.id_token_url(self.served.said["services"]["issuer"]),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.granted[-1],
        }
        return self.served.run("preflight", *arguments, environment={**self.served.environment(), **variables})


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    served = Served(tmp_path / "world", "shap-like").start()
    store = open_store(tmp_path / "world")
    yield Job(served, store)
    store.close()
    served.stop()


def test_a_publisher_is_tried_from_refused_to_agreed_and_no_secret_is_ever_said(job: Job) -> None:
    open_question = job.run("shap-like", "--expect", EXPECT)
    assert (open_question.code, open_question.error["error"]) == (2, "QuestionUnanswered")

    stated = ("shap-like", "--expect", EXPECT, "--nothing-pending")
    refused = job.run(*stated)
    assert refused.code == 10
    assert [event["data"]["code"] for event in refused.events if event["event"] == "result"] == ["invalid-publisher"]

    index_state.add_publisher(
        job.store, Index.PYPI, "shap-like", Publisher("shap-like", "shap", "release.yml", "release")
    )
    agreed = job.run(*stated)
    assert agreed.code == 0
    (result,) = [event["data"] for event in agreed.events if event["event"] == "result"]
    assert (result["reach"], result["publisher"]["environment"]) == ("yes", "release")
    assert "no proof" in json.dumps(result["leaves_open"])
    assert [row for row in index_state.tokens(job.store, Index.PYPI) if row["publisher"] is not None]

    elsewhere = job.run(*stated, environment="staging")
    assert elsewhere.code == 10
    missing = job.run("not-there-yet", "--nothing-pending")
    assert missing.code == 2
    for ran in (refused, agreed, elsewhere, missing):
        assert not [token for token in job.granted if token in ran.raw]
        assert "pypi-AgE" not in ran.raw
        assert "eyJ" not in ran.raw, "a JWT begins so"
