"""`preflight` as it is typed in a job: what it prints, what it asks before, and its exit code for every outcome."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from keyless.cli.app import App
from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.refusal import Explanation
from keyless.operators.script import ScriptOperator
from keyless.rehearsal import issuer
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.rehearsal.folder import open_store
from keyless.rehearsal.github import accounts, repositories
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.index.switches import set_switches
from keyless.rehearsal.store import Store
from tests.cli.served import Town
from tests.e2e.served import Ran

PUBLISHER = Publisher("shap-like", "shap", "release.yml", "release")
EXPECT = "--expect=shap-like/shap:release.yml@release"
STATED = ("preflight", "shap-like", EXPECT, "--nothing-pending")


class Job:
    """A job of shap-like/shap, in which keyless is typed."""

    def __init__(self, town: Town, store: Store) -> None:
        self.town, self.store = town, store

    def run(self, *arguments: str, environment: str = "release", running: str = "true") -> Ran:
        document = repositories.repository(self.store, "shap-like", "shap")
        owner = accounts.account(self.store, "shap-like") or {}
        job = issuer.Job(
            "shap-like/shap", document["id"], owner["id"], ".github/workflows/release.yml", "keyless preflight",
            "refs/heads/keyless-preflight", "a" * 40, "push", "nadia", 1, environment=environment,
        )  # fmt: skip
        told = {
            "GITHUB_ACTIONS": running,
            "ACTIONS_ID_TOKEN_REQUEST_URL": issuer.id_token_url(self.town.said["services"]["issuer"]),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": issuer.Issuer(self.store).grant(issuer.job_claims(job)),
        }
        return self.town.run(*arguments, environment={**self.town.environment(), **told})

    def minted(self) -> int:
        return sum(row["publisher"] is not None for row in index_state.tokens(self.store, Index.PYPI))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    town = Town(tmp_path / "town", "shap-like").start()
    store = open_store(tmp_path / "town")
    yield Job(town, store)
    store.close()
    town.stop()


def test_each_outcome_has_its_exit_code(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """And none of them uploads anything."""
    assert job.run(*STATED, running="").code == 2
    assert job.run("preflight", "shap-like==1.0").code == 2
    assert job.run("preflight", "shap-like").error["error"] == "QuestionUnanswered"
    with monkeypatch.context() as said:
        said.setattr(App, "operator", lambda app: ScriptOperator({"nothing-pending": {"": False}}, app.read_secret))
        no = job.run("preflight", "shap-like")
    assert (no.code, "nothing was minted" in no.raw) == (2, True), no.raw

    refused = job.run(*STATED)
    assert (refused.code, "Mend the publisher" in refused.error["hint"]) == (10, True), refused.raw
    assert job.minted() == 0

    index_state.create_project(job.store, Index.PYPI, "sibling", ["nadia"])
    index_state.add_publisher(job.store, Index.PYPI, "sibling", PUBLISHER)
    elsewhere = job.run(*STATED)
    assert (elsewhere.code, "another project only" in elsewhere.error["what"]) == (10, True), elsewhere.raw

    index_state.add_publisher(job.store, Index.PYPI, "shap-like", PUBLISHER)
    agreed = job.run("--stats", *STATED)
    assert (agreed.code, [e["data"]["reach"] for e in agreed.events if e["event"] == "result"]) == (0, ["yes"])
    assert any(event["event"] == "statistics" for event in agreed.events), agreed.raw

    other = job.run(*STATED, environment="staging")
    assert (other.code, "correct --expect" in other.error["hint"]) == (10, True), other.raw

    set_fault(job.store, Fault(FaultKind.UNAVAILABLE, "pypi", "POST", "/legacy/", -1))
    unknown = job.run(*STATED)
    assert (unknown.code, "could not be told" in unknown.error["what"]) == (75, True), unknown.raw


def test_an_index_that_has_switched_it_off_says_nothing_about_the_publisher(job: Job) -> None:
    """Tried again later, and nobody is sent to mend what may be right."""
    index_state.add_publisher(job.store, Index.PYPI, "shap-like", PUBLISHER)
    set_switches(job.store, Index.PYPI, trusted_publishing_disabled=True)
    ran = job.run(*STATED)
    assert ran.code == 75, ran.raw
    assert "Mend the publisher" not in ran.raw


def test_a_refusal_that_is_not_about_the_publisher_is_tried_again_later(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The identity was used before, say: nobody is sent to mend a publisher that may be right."""

    async def used_before(*_: object) -> Explanation:
        return Explanation("invalid-reuse-token", "The run's identity was used before.", (), PUBLISHER, "https://x")

    monkeypatch.setattr("keyless.journeys.preflight.preflight", used_before)
    ran = job.run(*STATED)
    assert (ran.code, "Mend the publisher" in ran.raw) == (75, False), ran.raw


def test_the_workflow_is_printed_without_a_job_and_without_asking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from keyless.cli.main import run

    here = ("--state", str(tmp_path))
    assert run([*here, "preflight", "shap-like", "--print-workflow", EXPECT]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert "--nothing-pending" in printed["jobs"]["preflight"]["steps"][0]["run"]
    assert run([*here, "preflight", "shap-like", "--print-workflow"]) == 2
    assert "--expect" in capsys.readouterr().err
