"""Releases that the rehearsal's runner really makes, seen through the adapters and judged: rightly, by each path."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.proof import Grade, Verdict
from keyless.model.publisher import Publisher
from keyless.model.release import Evidence, Expectation
from keyless.proofs import judge
from keyless.rehearsal.github import state as github_state
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.index.files import provenance_of
from keyless.rehearsal.runner import run_workflow
from keyless.rehearsal.services import Services
from keyless.rehearsal.store import Store
from keyless.secret import Secret
from keyless.services.github import GitHubService
from keyless.services.indexes import IndexService
from keyless.services.sigstore import SigstoreVerifier
from keyless.services.system import SystemClock
from keyless.surveying.release import gather_files, gather_run, newest

TOKEN = "ghp_" + "k3yl3ss" * 5 + "A"
REPOSITORY = Repository("octo", "sampleproj")
PATH = ".github/workflows/release.yml"
PUBLISHER = Publisher("octo", "sampleproj", "release.yml", "pypi")
HEAD = """\
name: release
on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
"""
STEPS = """\
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
PERMISSION = "    permissions: {id-token: write}\n"
TRUSTED = HEAD + PERMISSION + STEPS
UNATTESTED = TRUSTED + "        with: {attestations: false}\n"
WITH_TOKEN = HEAD + STEPS + "        with: {password: '${{ secrets.PYPI_TOKEN }}'}\n"
PYPROJECT = '[project]\nname = "sampleproj"\nversion = "{version}"\n'


class World:
    """octo's sampleproj with a token in its secrets and a publisher registered for environment pypi."""

    def __init__(self, folder: Path) -> None:
        self.store = Store()
        self.services = Services(self.store, folder)
        github_state.create_user(self.store, "octo", TOKEN)
        self.id = github_state.create_repository(self.store, "octo", "sampleproj", files={"README.md": b"#\n"})
        index_state.create_account(self.store, Index.PYPI, "octo", "correct horse", "octo@example.org")
        index_state.create_project(self.store, Index.PYPI, "sampleproj", owners=["octo"])
        token = index_state.create_token(self.store, Index.PYPI, "octo", "sampleproj", "release")
        github_state.set_secret(self.store, "repository", "octo", "sampleproj", None, "PYPI_TOKEN", token.reveal())
        index_state.add_publisher(self.store, Index.PYPI, "sampleproj", PUBLISHER)
        self.changed = self.store.now()

    def release(self, workflow: str, version: str = "1.0") -> None:
        """Commit a workflow and a version, and let the workflow run."""
        self.store.advance(3600)
        changes = {PATH: workflow.encode(), "pyproject.toml": PYPROJECT.format(version=version).encode()}
        github_state.commit(self.store, "octo", "sampleproj", "main", changes, f"Release {version}")
        start = run_workflow(self.services, "octo", "sampleproj", path=PATH, event="push", ref="main", actor="octo")
        asyncio.run(start)
        self.store.advance(3600)

    def judge(self, **expected):
        """Gather the newest release's evidence through the adapters, and judge it."""
        return judge(asyncio.run(self.gather()), self.expect(**expected))

    def expect(self, **expected) -> Expectation:
        after = self.changed - timedelta(seconds=1)
        return replace(Expectation(Index.PYPI, "sampleproj", PUBLISHER, after=after, repository_id=self.id), **expected)

    async def gather(self) -> Evidence:
        addresses, transport = self.services.addresses, self.services.transport()
        clock = SystemClock(self.store.now())
        async with (
            GitHubService(addresses, Secret(TOKEN), clock, transport) as github,
            IndexService(Index.PYPI, addresses, clock, transport) as pypi,
        ):
            release = (await newest(pypi, "sampleproj")).value
            verifier = SigstoreVerifier(addresses.trust_root, Index.PYPI, clock.now)
            files = await gather_files(pypi, verifier, release)
            run = await gather_run(github, REPOSITORY, PATH, release, files)
        return Evidence(release, files, run, clock.now())


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    """A world with one trusted release, for tests that only look."""
    made = World(tmp_path_factory.mktemp("trusted"))
    made.release(TRUSTED)
    yield made
    made.store.close()


def against(judgement):
    return {reason.identifier for reason in judgement.reasons if reason.side == "against"}


def test_a_trusted_release_is_attested(trusted):
    judgement = trusted.judge()
    assert (judgement.grade, against(judgement)) == (Grade.ATTESTED, set())


def test_a_trusted_release_without_attestations_is_inferred(world):
    world.release(UNATTESTED)
    judgement = world.judge()
    assert (judgement.grade, against(judgement)) == (Grade.INFERRED, set())


def test_a_release_with_the_token_is_not_proven_and_says_why(world):
    world.release(WITH_TOKEN)
    judgement = world.judge()
    assert (judgement.grade, judgement.verdict) == (Grade.NONE, Verdict.NOT_PROVEN)
    assert {"token-annotation", "workflow-uses-token"} <= against(judgement)


def test_a_trusted_release_before_the_change_proves_nothing_about_it(trusted):
    judgement = trusted.judge(after=trusted.store.now())
    assert judgement.verdict is Verdict.NOT_PROVEN
    assert "uploaded-before-change" in against(judgement)


def test_a_file_added_by_hand_with_a_token_spoils_the_release(world):
    world.release(TRUSTED)
    extra = index_state.wheel("sampleproj", "1.0", "by hand")
    name = extra[0].replace("py3-none-any", "py2-none-any")
    index_state.publish_file(world.store, Index.PYPI, "sampleproj", (name, extra[1]), user="octo")
    assert "mixed-files" in against(world.judge())


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        ({"publisher": replace(PUBLISHER, workflow="publish.yml")}, "workflow-differs"),
        ({"publisher": replace(PUBLISHER, owner="evil")}, "repository-differs"),
        ({"publisher": replace(PUBLISHER, repository="SampleProj")}, "repository-differs"),
        ({"publisher": replace(PUBLISHER, environment="release")}, "environment-differs"),
        ({"repository_id": 1}, "repository-id-differs"),
        ({"owner_id": 1}, "owner-id-differs"),
        ({"version": "2.0"}, "wrong-version"),
        ({"index": Index.TESTPYPI}, "wrong-index"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_trusted_release_of_somebody_else_is_not_the_expected_one(trusted, expected, reason):
    judgement = trusted.judge(**expected)
    assert judgement.verdict is Verdict.NOT_PROVEN
    assert reason in against(judgement)


def test_provenance_that_is_not_shown_is_no_proof_of_a_token(world):
    world.release(TRUSTED)
    index_state.set_switches(world.store, Index.PYPI, no_provenance=True)
    assert world.judge().grade is Grade.INFERRED


def test_provenance_that_was_swapped_is_refused(world):
    world.release(TRUSTED, "1.0")
    world.release(TRUSTED, "2.0")
    rows = {row["filename"]: row for row in index_state.files(world.store, Index.PYPI, "sampleproj")}
    old, new = sorted(name for name in rows if name.endswith(".whl"))
    first = provenance_of(world.store, Index.PYPI, rows[old])
    assert first
    index_state.set_provenance(world.store, Index.PYPI, "sampleproj", new, first)
    judgement = world.judge()
    assert judgement.version == "2.0"
    assert "attestation-refused" in against(judgement)
    assert any("another file" in reason.message for reason in judgement.reasons)
