"""An upload token is minted and thrown away, in a job of the rehearsal's runner, over the real exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from keyless.errors import KeylessError, NotAllowed, TryLater, UsageError
from keyless.journeys.preflight import preflight
from keyless.model.index import Index
from keyless.model.plan import ChangeWorkflow, RegisterPublisher
from keyless.model.preflight import Preflight, Reach
from keyless.model.publisher import Publisher
from keyless.planning.trial import BRANCH, preflight_workflow
from keyless.proofs.refusal import OTHER_RUN
from keyless.rehearsal.clock import RehearsalClock
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.rehearsal.github import repositories
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.index.publishers import pending_publishers
from keyless.rehearsal.index.switches import set_switches
from keyless.rehearsal.issuer import Job, id_token_url, job_claims
from keyless.rehearsal.runner import run_workflow
from keyless.services.exchange import ExchangeService
from keyless.services.identity import TOKEN, URL, GitHubJob
from keyless.services.indexes import IndexService
from tests.rehearsal.runner import bench as benches
from tests.rehearsal.runner.bench import PATH, Bench, Outcome
from tests.rehearsal.runner.bench import TOKEN as TOKEN_WORKFLOW
from tests.staging import DAY, Scene

EXPECTED = Publisher("acme", "example", "release.yml", "pypi")
PENDING = "https://pypi.org/manage/account/publishing/"


@pytest.fixture
def bench() -> Iterator[Bench]:
    """`example-project` was released once, with a token; nothing else is there."""
    with benches.bench() as made:
        for index in Index:
            artefact = index_state.wheel("Example.Project", "1.0")
            index_state.publish_file(made.store, index, "example-project", artefact, user="ann")
        yield made


def step(publisher: Publisher = EXPECTED, index: Index = Index.PYPI) -> str:
    return preflight_workflow(index, "example-project", publisher, PENDING)


def push(bench: Bench, text: str) -> Outcome:
    """Commit the printed workflow where it says, and push that branch."""
    bench.commit({PATH: TOKEN_WORKFLOW})
    repositories.create_branch(bench.store, "acme", "example", BRANCH, {PATH: text.encode()})
    ref = f"refs/heads/{BRANCH}"
    return bench.outcome(
        asyncio.run(run_workflow(bench.services, "acme", "example", path=PATH, event="push", ref=ref, actor="ann"))
    )


def claims(**more: str) -> dict[str, str]:
    about = {"ref": "refs/heads/keyless-preflight", "environment": "pypi", "event": "push"} | more
    job = Job(
        "acme/example", 7, 70001, ".github/workflows/release.yml", "x", sha="a" * 40, actor="ann", run_id=1, **about
    )
    return job_claims(job)


def minted(bench: Bench, index: Index = Index.PYPI) -> int:
    return sum(row["publisher"] is not None for row in index_state.tokens(bench.store, index))


def attempt(
    bench: Bench, said: dict[str, str], project: str = "example-project", index: Index = Index.PYPI, **more: str
) -> Any:
    """The journey itself, as the job with these claims."""
    owner = index_state.publishers(bench.store, index, "example-project")
    if owner:
        said = {**said, "repository_owner_id": owner[0]["owner_id"]}
    variables = {
        "GITHUB_ACTIONS": "true",
        URL: id_token_url(bench.services.addresses.issuer),
        TOKEN: bench.services.issuer.grant(said),
        **more,
    }

    async def go() -> Any:
        addresses, transport = bench.services.addresses, bench.services.transport()
        async with IndexService(index, addresses, RehearsalClock(bench.store), transport) as pypi:
            job = GitHubJob(addresses, variables, transport)
            where = addresses.index(index).site
            return await preflight(pypi, ExchangeService(pypi.wire), job, project, EXPECTED, where)

    return asyncio.run(go())


def refused(bench: Bench, said: dict[str, str], **more: str) -> KeylessError:
    with pytest.raises(KeylessError) as error:
        attempt(bench, said, **more)
    return error.value


@pytest.mark.parametrize("index", list(Index))
def test_the_printed_workflow_mints_and_uploads_nothing(bench: Bench, index: Index) -> None:
    bench.publisher(environment="pypi", index=index)
    before = bench.files(index)
    outcome = push(bench, step(index=index))
    assert outcome.conclusion == "success", outcome.only.words
    assert minted(bench, index) == 1
    assert bench.files(index) == before


def test_the_same_workflow_is_refused_without_a_publisher(bench: Bench) -> None:
    outcome = push(bench, step())
    assert outcome.conclusion == "failure"
    assert "the publisher that is registered on the index is another, or none" in outcome.only.words
    assert "exit code 10" in outcome.only.words


def test_a_job_without_the_permission_is_told_which_one(bench: Bench) -> None:
    bench.publisher(environment="pypi")
    outcome = push(bench, step().replace("id-token: write", "contents: read"))
    assert "id-token: write" in outcome.only.words
    assert minted(bench) == 0


def test_what_was_agreed_is_said_beside_what_was_not_tried(bench: Bench) -> None:
    bench.publisher(environment="pypi")
    found = attempt(bench, claims())
    assert isinstance(found, Preflight)
    assert (found.publisher, found.reach) == (EXPECTED, Reach.YES)
    assert any("counts as no proof" in line for line in found.leaves_open)
    assert any("whether the publisher names the environment 'pypi'" in line.lower() for line in found.leaves_open)
    assert any("TestPyPI has publishers of its own" in line for line in found.leaves_open)


def test_a_publisher_without_environment_takes_the_job_too_and_that_is_left_open(bench: Bench) -> None:
    bench.publisher()
    found = attempt(bench, claims())
    assert isinstance(found, Preflight)
    assert found.reach is Reach.YES


def test_a_publisher_of_another_project_alone_is_told_apart(bench: Bench) -> None:
    """The exchange succeeds for whatever project the publisher serves: minting says nothing about this one."""
    index_state.create_project(bench.store, Index.PYPI, "sibling", ["ann"])
    index_state.add_publisher(bench.store, Index.PYPI, "sibling", EXPECTED)
    owner = index_state.publishers(bench.store, Index.PYPI, "sibling")[0]["owner_id"]
    found = attempt(bench, {**claims(), "repository_owner_id": owner})
    assert isinstance(found, Preflight)
    assert found.reach is Reach.NO


def test_whether_the_project_is_reached_may_be_unknown(bench: Bench) -> None:
    bench.publisher(environment="pypi")
    set_fault(bench.store, Fault(FaultKind.UNAVAILABLE, "pypi", "POST", "/legacy/", -1))
    found = attempt(bench, claims())
    assert isinstance(found, Preflight)
    assert found.reach is Reach.UNKNOWN


def test_the_one_wrong_field_is_named(bench: Bench) -> None:
    bench.publisher(workflow="publish.yml", environment="pypi")
    found = attempt(bench, claims())
    assert not isinstance(found, Preflight)
    assert found.code == "invalid-publisher"
    assert found.page.endswith("workflow_filename=release.yml&environment=pypi")
    assert [field.real for field in found.fields] == ["acme", "example", "release.yml", "pypi"]


def test_another_job_than_the_expected_one_mints_nothing(bench: Bench) -> None:
    bench.publisher(environment="pypi")
    found = attempt(bench, claims(environment="staging"))
    assert not isinstance(found, Preflight)
    assert found.code == OTHER_RUN
    assert [field.field for field in found.fields if field.wrong] == ["environment"]
    assert minted(bench) == 0


def test_a_project_that_does_not_exist_is_never_minted_for(bench: Bench) -> None:
    """Minting for a pending publisher would create its project."""
    index_state.add_pending_publisher(bench.store, Index.PYPI, "ann", "brand-new", EXPECTED)
    text = step().replace("preflight example-project", "preflight brand-new")
    outcome = push(bench, text)
    assert outcome.conclusion == "failure"
    assert "minting creates the project" in outcome.only.words
    assert index_state.project(bench.store, Index.PYPI, "brand-new") is None
    assert len(pending_publishers(bench.store, Index.PYPI)) == 1


def test_a_project_that_cannot_be_read_is_not_taken_to_exist(bench: Bench) -> None:
    bench.publisher(environment="pypi")
    set_fault(bench.store, Fault(FaultKind.UNAVAILABLE, "pypi", "GET", "/simple/example-project/", -1))
    error = refused(bench, claims())
    assert isinstance(error, TryLater)
    assert "could not be read" in error.what
    assert minted(bench) == 0


def test_a_project_without_a_release_mints_nothing(bench: Bench) -> None:
    index_state.create_project(bench.store, Index.PYPI, "empty", ["ann"])
    index_state.add_publisher(bench.store, Index.PYPI, "empty", EXPECTED)
    assert isinstance(refused(bench, claims(), project="empty"), UsageError)
    assert minted(bench) == 0


def test_a_pending_publisher_of_another_project_would_be_used_so_its_absence_has_to_be_stated(bench: Bench) -> None:
    """The index looks for a pending publisher of any project first: only the person can know that there is none."""
    bench.publisher(environment="pypi")
    index_state.add_pending_publisher(bench.store, Index.PYPI, "ann", "brand-new", EXPECTED)
    outcome = push(bench, step().replace(" --nothing-pending", ""))
    assert "exit code 2" in outcome.only.words
    assert index_state.project(bench.store, Index.PYPI, "brand-new") is None
    push(bench, step())
    assert index_state.project(bench.store, Index.PYPI, "brand-new") is not None  # the danger is real


def test_trusted_publishing_switched_off_is_not_a_wrong_publisher(bench: Bench) -> None:
    bench.publisher(environment="pypi")
    set_switches(bench.store, Index.PYPI, trusted_publishing_disabled=True)
    assert isinstance(refused(bench, claims()), TryLater)


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({"GITHUB_ACTIONS": ""}, UsageError),
        ({URL: ""}, NotAllowed),
        ({TOKEN: " "}, NotAllowed),
        ({URL: "https://elsewhere.rehearsal/idtoken?api-version=2.0"}, UsageError),
        ({URL: "http://token.actions.rehearsal/idtoken?api-version=2.0"}, UsageError),
    ],
)
def test_outside_of_a_job_nothing_is_sent(bench: Bench, variables: dict[str, str], kind: type[KeylessError]) -> None:
    bench.publisher(environment="pypi")
    before = bench.services.requests.total()
    assert type(refused(bench, claims(), **variables)) is kind
    assert bench.services.requests.total() == before


def test_a_request_token_that_is_over_gives_no_identity(bench: Bench) -> None:
    bench.publisher(environment="pypi")
    assert isinstance(refused(bench, claims(), **{TOKEN: "x" * 64}), TryLater)
    assert minted(bench) == 0


# --- beside the journey ---


def test_no_preflight_opens_the_gate(tmp_path: Path) -> None:
    """S2: a token was minted for the very publisher, and no secret goes before there is a release."""
    scene = Scene.of("shap-like", tmp_path / "world")
    before = scene.names()
    scene.acts = False
    scene.error(scene.migrate)
    publishers = [one for one in scene.plan().steps if isinstance(one, RegisterPublisher) and one.index is Index.PYPI]
    scene.carry_out(*publishers)
    where, needed = scene.repository, publishers[0].publisher
    text = preflight_workflow(Index.PYPI, publishers[0].project, needed, PENDING)
    path = f".github/workflows/{needed.workflow}"
    repositories.create_branch(scene.store, where.owner, where.name, BRANCH, {path: text.encode()})
    asyncio.run(
        run_workflow(
            scene.services, where.owner, where.name, path=path, event="push", ref=f"refs/heads/{BRANCH}", actor="nadia"
        )
    )
    assert [row for row in index_state.tokens(scene.store, Index.PYPI) if row["publisher"] is not None]
    scene.error(scene.migrate)
    assert scene.names() == before
    scene.close()


@pytest.mark.parametrize(("days", "offered"), [(200, True), (1, False)])
def test_whoever_publishes_rarely_is_offered_it_with_the_plan_and_where_a_release_is_awaited(
    tmp_path: Path, days: int, offered: bool
) -> None:
    scene = Scene.of("shap-like", tmp_path / "world")
    newest = max(row["uploaded_at"] for row in index_state.files(scene.store, Index.PYPI, "shap-like"))
    since = (scene.store.now() - datetime.fromisoformat(newest)).total_seconds()
    scene.store.advance(days * DAY - since)
    scene.migrate(dry_run=True)
    assert ("keyless preflight shap-like --index pypi" in scene.heard.text()) is offered
    scene.acts, scene.told["testpypi"], scene.told["testpypi-reason"] = False, "skip", "a trial"
    scene.heard.said.clear()
    error = scene.error(scene.migrate)
    for awaited in [one for one in scene.plan().steps if isinstance(one, RegisterPublisher | ChangeWorkflow)]:
        scene.carry_out(awaited)
        error = scene.error(scene.migrate)
    assert "A release of shap-like on PyPI" in str(error)
    assert ("--print-workflow" in str(error)) is offered
    scene.close()
