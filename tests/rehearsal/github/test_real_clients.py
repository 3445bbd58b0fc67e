"""Real clients are the referees: GitHub's command line over a socket, githubkit in process."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from nacl.public import PublicKey, SealedBox

from keyless.rehearsal.github import state
from keyless.rehearsal.github.app import github_app
from keyless.rehearsal.store import Store
from tests.contract.checked import Checked, CheckedApp
from tests.rehearsal.github.conftest import ADA, EVE, HOST

TOKEN = "pypi-" + "AgEIcHlwaS5vcmc" * 13
needs_gh = pytest.mark.skipif(shutil.which("gh") is None, reason="GitHub's command line (gh) is not installed")
Gh = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def running(app: CheckedApp, **where: object) -> Iterator[uvicorn.Server]:
    """Serve an application from a thread of its own."""
    config = uvicorn.Config(app, log_level="critical", lifespan="off", date_header=False, server_header=False, **where)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    yield server
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def served(store: Store, tmp_path: Path) -> Iterator[tuple[CheckedApp, Path]]:
    """The simulated GitHub on a unix socket; every exchange is held against GitHub's description."""
    app = CheckedApp(github_app(store, "https://github.com"))
    socket = tmp_path / "github.sock"
    with running(app, uds=str(socket)):
        yield app, socket
    assert not app.wrong


@pytest.fixture
def gh(served: tuple[CheckedApp, Path], tmp_path: Path) -> Gh:
    """Run gh as ada, or with another token."""
    folder = tmp_path / "gh"
    folder.mkdir()
    (folder / "config.yml").write_text(f"http_unix_socket: {served[1]}\n")

    def run(*arguments: str, token: str = ADA, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "GH_CONFIG_DIR": str(folder),
            "GH_TOKEN": token,
        }
        environment |= {"GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}
        command = ["gh", *arguments]
        return subprocess.run(
            command, env=environment, input=stdin, capture_output=True, text=True, timeout=20, check=False
        )

    return run


@needs_gh
@pytest.mark.parametrize("environment", [(), ("--env", "release")], ids=["repository", "environment"])
def test_gh_sets_lists_and_deletes_a_secret(store: Store, gh: Gh, served, environment: tuple[str, ...]):
    state.create_environment(store, "acme", "demo", "release")
    where = ("-R", "acme/demo", *environment)
    kind, name = ("environment", "release") if environment else ("repository", None)
    made = gh("secret", "set", "pypi_token", *where, stdin=TOKEN)
    assert made.returncode == 0, made.stderr
    assert state.secret_value(store, kind, "acme", "demo", name, "PYPI_TOKEN") == TOKEN
    listed = gh("secret", "list", *where)
    assert listed.stdout.startswith("PYPI_TOKEN\t")
    gone = gh("secret", "delete", "PYPI_TOKEN", *where)
    assert gone.returncode == 0, gone.stderr
    assert state.secret_names(store, kind, "acme", "demo", name) == ()
    assert len(served[0].exchanges) == 4


@needs_gh
def test_gh_sets_an_organisations_secret_for_selected_repositories(store: Store, gh: Gh):
    made = gh("secret", "set", "PYPI_TOKEN", "--org", "acme", "--repos", "demo", stdin=TOKEN)
    assert made.returncode == 0, made.stderr
    assert state.secret_values(store, "acme", "demo") == {"PYPI_TOKEN": TOKEN}
    assert state.secret_values(store, "acme", "hidden") == {}
    assert "SELECTED" in gh("secret", "list", "--org", "acme").stdout.upper()


@needs_gh
def test_gh_does_not_encode_an_environments_name_and_finds_nothing(store: Store, served, gh: Gh):
    """gh 2.23 asks for `environments/prod/eu/…`, which is another address: 404, as on the real service."""
    state.create_environment(store, "acme", "demo", "prod/eu")
    answer = gh("secret", "list", "-R", "acme/demo", "--env", "prod/eu")
    served[0].wrong.clear()
    assert (answer.returncode == 0) == ("prod%2Feu" in str([one.url for one in served[0].exchanges]))


@needs_gh
def test_gh_speaks_to_it_as_an_enterprise_server_over_tls(store: Store, tmp_path: Path):
    """GH_HOST makes gh use https and /api/v3, as facts/clients.md says."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    app = CheckedApp(github_app(store))
    with running(app, port=0, ssl_certfile=str(tmp_path / "server.pem")) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GH_CONFIG_DIR": str(tmp_path)}
        environment |= {"GH_HOST": f"127.0.0.1:{port}", "GH_ENTERPRISE_TOKEN": ADA}
        environment |= {"SSL_CERT_FILE": str(tmp_path / "ca.pem"), "NO_PROXY": "127.0.0.1"}
        command = ["gh", "secret", "set", "T", "-R", "acme/demo", "--body", TOKEN]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert state.secret_values(store, "acme", "demo") == {"T": TOKEN}
    assert all("/api/v3/" in one.url for one in app.exchanges)
    assert not app.wrong


@needs_gh
def test_gh_shows_githubs_refusals(store: Store, gh: Gh):
    bad = gh("secret", "list", "-R", "acme/demo", token="ghp_" + "Z" * 36)
    assert bad.returncode == 1
    assert "Bad credentials" in bad.stderr
    forbidden = gh("secret", "list", "-R", "acme/demo", token=EVE)
    assert forbidden.returncode == 1
    assert "Must have admin rights to Repository." in forbidden.stderr
    hidden = gh("secret", "list", "-R", "acme/hidden", token=EVE)
    assert hidden.returncode == 1
    assert "Not Found" in hidden.stderr


def using_githubkit(store: Store, use: Callable) -> object:
    """Run `use(github)` with githubkit set as facts/github.md asks, on a checked transport."""
    from githubkit import GitHub

    async def go() -> object:
        transport = Checked(httpx.ASGITransport(github_app(store)))
        github = GitHub(
            ADA,
            base_url=f"{HOST}/",
            async_transport=transport,
            auto_retry=False,
            http_cache=False,
            follow_redirects=False,
        )
        async with github:
            return await use(github)

    return asyncio.run(go())


def test_githubkit_migrates_a_secret_and_parses_every_answer(store: Store):
    """Its models are generated from the same description, and pydantic refuses what is not as described."""
    state.create_environment(store, "acme", "demo", "prod/eu")

    async def use(github) -> None:
        rest = github.rest
        assert (await rest.users.async_get_authenticated()).parsed_data.login == "ada"
        found = (await rest.repos.async_get("acme", "demo")).parsed_data
        assert (found.full_name, found.default_branch) == ("acme/demo", "main")
        environment = quote("prod/eu", safe="")
        key = (await rest.actions.async_get_environment_public_key("acme", "demo", environment)).parsed_data
        box = SealedBox(PublicKey(base64.b64decode(key.key))).encrypt(TOKEN.encode())
        body = {"encrypted_value": base64.b64encode(box).decode(), "key_id": key.key_id}
        name = ("acme", "demo", environment, "T")
        made = await rest.actions.async_create_or_update_environment_secret(*name, data=body)
        assert made.status_code == 201
        listed = (await rest.actions.async_list_environment_secrets("acme", "demo", environment)).parsed_data
        assert [one.name for one in listed.secrets] == ["T"]
        assert (await rest.actions.async_delete_environment_secret(*name)).status_code == 204

    using_githubkit(store, use)
    assert state.secret_names(store, "environment", "acme", "demo", "prod/eu") == ()


def test_githubkit_proposes_a_change_and_reads_runs(store: Store):
    sha = state.head(store, "acme", "demo", "main")
    path = ".github/workflows/release.yml"
    run = state.create_run(store, "acme", "demo", path=path, event="push", ref="main", sha=sha, actor="ada")
    job = state.add_job(store, "acme", "demo", run, job="publish", conclusion="success")
    state.add_step(store, "acme", "demo", job, step="Publish", conclusion="success")
    state.add_annotation(store, "acme", "demo", job, level="warning", title="t", message="m")

    async def use(github) -> None:
        rest = github.rest
        made = await rest.git.async_create_ref("acme", "demo", data={"ref": "refs/heads/keyless", "sha": sha})
        assert made.parsed_data.object_.sha == sha
        given = {
            "branch": {"repositoryNameWithOwner": "acme/demo", "branchName": "keyless"},
            "expectedHeadOid": sha,
            "message": {"headline": "Move"},
            "fileChanges": {"additions": [{"path": path, "contents": base64.b64encode(b"on: release\n").decode()}]},
        }
        query = (
            "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }"
        )
        await github.async_graphql(query, {"input": given})
        pull = {"title": "Move", "head": "keyless", "base": "main"}
        opened = (await rest.pulls.async_create("acme", "demo", data=pull)).parsed_data
        assert (opened.number, opened.changed_files) == (1, 1)
        assert (await rest.pulls.async_merge("acme", "demo", 1, data={})).parsed_data.merged is True
        runs = (await rest.actions.async_list_workflow_runs("acme", "demo", "release.yml", event="push")).parsed_data
        assert [one.id for one in runs.workflow_runs] == [run]
        jobs = (await rest.actions.async_list_jobs_for_workflow_run_attempt("acme", "demo", run, 1)).parsed_data
        assert [one.name for one in jobs.jobs[0].steps] == ["Publish"]
        notes = (await rest.checks.async_list_annotations("acme", "demo", jobs.jobs[0].id)).parsed_data
        assert [one.message for one in notes] == ["m"]

    using_githubkit(store, use)
    assert state.tree(store, "acme", "demo", "main")[path] == b"on: release\n"


def test_githubkit_tells_the_kinds_of_limits_apart(store: Store):
    from githubkit.exception import PrimaryRateLimitExceeded, RequestFailed, SecondaryRateLimitExceeded

    async def use(github) -> list[type[Exception]]:
        met: list[type[Exception]] = []
        for arrange in (
            lambda: state.set_rate_limit(store, "ada", remaining=0),
            lambda: state.set_rate_limit(store, "ada", remaining=10),
            lambda: state.set_secondary_limit(store, times=1, retry_after=30),
            lambda: state.set_secondary_limit(store, times=1, retry_after=None),
        ):
            arrange()
            try:
                await github.rest.users.async_get_authenticated()
            except RequestFailed as error:
                met.append(type(error))
        return met

    assert using_githubkit(store, use) == [PrimaryRateLimitExceeded, SecondaryRateLimitExceeded, RequestFailed]
