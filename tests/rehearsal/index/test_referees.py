"""Real clients are the referees: twine, uv and pip against the simulated index on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keyless.rehearsal.index import state
from keyless.rehearsal.issuer import Job, id_token_url, issuer_app, job_claims
from keyless.rehearsal.sigstore import SigstoreStandIn, StandInChecker
from tests.rehearsal.index.serving import Served, serving
from tests.rehearsal.index.world import RELEASE, World

WHEEL = state.wheel("sampleproj", "1.0")
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
needs_uv = pytest.mark.skipif(UV is None, reason="uv is not installed beside this Python")


@pytest.fixture
def dist(tmp_path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    path = folder / WHEEL[0]
    path.write_bytes(WHEEL[1])
    return path


@pytest.fixture
def served(world: World, tmp_path):
    apps = {"": world.app, "localhost": issuer_app(world.store)}
    with serving(apps, tmp_path) as address:
        yield address


@pytest.fixture
def served_test(test_world: World, tmp_path):
    apps = {"": test_world.app, "localhost": issuer_app(test_world.store)}
    with serving(apps, tmp_path) as address:
        yield address


def run(
    served: Served, command: list[str], *, proxied: bool = False, **environment: str
) -> subprocess.CompletedProcess:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    quiet = {"HOME": str(served.authority.parent), "PIP_CONFIG_FILE": os.devnull, "NO_COLOR": "1", "COLUMNS": "300"}
    return subprocess.run(
        command,
        env={**kept, **quiet, **served.environment(proxied=proxied), **environment},
        cwd=served.authority.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


def twine(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar", *arguments]


def job_environment(world: World, served: Served) -> dict[str, str]:
    """Return what GitHub gives a job with `id-token: write`; the issuer answers under the name localhost."""
    path = ".github/workflows/release.yml"
    job = Job("octo/sampleproj", 77, world.octo, path, "Release", "refs/tags/v1.0", "a" * 40, "release", "ada", 5)
    return {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": id_token_url(served.http.replace("127.0.0.1", "localhost")),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": world.issuer.grant(job_claims(job)),
    }


def uploaded(world: World) -> list[tuple[str, bool]]:
    return [(row["filename"], row["trusted"]) for row in state.files(world.store, world.index, "sampleproj")]


def test_twine_uploads_with_a_token(world, served, dist):
    token = world.user_token(project="sampleproj").reveal()
    command = twine("--repository-url", f"{served.http}/legacy/", str(dist))
    done = run(served, command, TWINE_USERNAME="__token__", TWINE_PASSWORD=token)
    assert (done.returncode, uploaded(world)) == (0, [(WHEEL[0], False)]), done.stdout


def test_twine_shows_pypis_own_words_when_the_token_is_gone(world, served, dist):
    token = world.user_token()
    state.delete_token(world.store, world.index, state.token_identifier(token))
    command = twine("--repository-url", f"{served.http}/legacy/", str(dist))
    done = run(served, command, TWINE_USERNAME="__token__", TWINE_PASSWORD=token.reveal())
    assert done.returncode == 1
    shown = " ".join(done.stdout.split())
    assert f"403 Forbidden from {served.http}/legacy/ Invalid or non-existent authentication information. See" in shown
    assert uploaded(world) == []


def test_twine_uploads_trusted_to_what_it_believes_is_testpypi(test_world, served_test, dist):
    """It does so for two hosts only, so a CONNECT proxy leads test.pypi.org here."""
    world = test_world
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    command = twine("--repository-url", "https://test.pypi.org/legacy/", str(dist))
    done = run(served_test, command, proxied=True, **job_environment(world, served_test))
    assert (done.returncode, uploaded(world)) == (0, [(WHEEL[0], True)]), done.stdout


def test_twines_attestation_is_verified_and_served_as_provenance(test_world, served_test, dist, tmp_path):
    """Signed by the rehearsal's Sigstore, checked at upload under its trust root, and parsed by PyPI's own library."""
    from pypi_attestations import Provenance

    world = test_world
    standin = SigstoreStandIn(world.store)
    trust_root = tmp_path / "trusted_root.json"
    trust_root.write_bytes(standin.trust_root())
    world.checker = StandInChecker(trust_root, world.index, world.store.now)
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    attestation = standin.attest(world.claims(), WHEEL[0], hashlib.sha256(WHEEL[1]).hexdigest())
    beside = dist.with_name(f"{dist.name}.publish.attestation")
    beside.write_text(json.dumps(attestation), encoding="utf-8")
    command = twine("--repository-url", "https://test.pypi.org/legacy/", "--attestations", str(dist), str(beside))
    done = run(served_test, command, proxied=True, **job_environment(world, served_test))
    assert (done.returncode, uploaded(world)) == (0, [(WHEEL[0], True)]), done.stdout
    answer = world.ask("GET", f"/integrity/sampleproj/1.0/{WHEEL[0]}/provenance")
    stated = Provenance.model_validate_json(answer.text).attestation_bundles[0].publisher
    assert (stated.repository, stated.workflow) == ("octo/sampleproj", "release.yml")


def test_twine_shows_why_no_publisher_matches(test_world, served_test, dist):
    command = twine("--repository-url", "https://test.pypi.org/legacy/", str(dist))
    done = run(served_test, command, proxied=True, **job_environment(test_world, served_test))
    assert done.returncode != 0
    assert "invalid-publisher" in done.stdout
    assert uploaded(test_world) == []


@needs_uv
def test_uv_uploads_with_a_token(world, served, dist):
    token = world.user_token().reveal()
    command = [UV, "publish", "--no-cache", "--publish-url", f"{served.http}/legacy/", "--token", token, str(dist)]
    done = run(served, command)
    assert (done.returncode, uploaded(world)) == (0, [(WHEEL[0], False)]), done.stdout


@needs_uv
def test_uv_uploads_trusted_and_burns_its_token(world, served, dist):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    where = ["--publish-url", f"{served.https}/legacy/", "--trusted-publishing", "always"]
    done = run(served, [UV, "publish", "--no-cache", *where, str(dist)], **job_environment(world, served))
    assert (done.returncode, uploaded(world)) == (0, [(WHEEL[0], True)]), done.stdout
    assert len(state.token_values(world.store, world.index)) == 1
    assert state.tokens(world.store, world.index) == []


@needs_uv
def test_uv_shows_the_body_of_a_refusal(world, served, dist):
    command = [UV, "publish", "--no-cache", "--publish-url", f"{served.http}/legacy/", "--token", "pypi-x", str(dist)]
    done = run(served, command)
    assert done.returncode != 0
    assert "Invalid or non-existent authentication information" in done.stdout


def test_pip_downloads_what_was_uploaded(world, served, tmp_path):
    state.publish_file(world.store, world.index, "sampleproj", WHEEL)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--retries", "0"]
    where = ["--index-url", f"{served.http}/simple/", "--dest", str(tmp_path / "got"), "sampleproj==1.0"]
    done = run(served, [*command, "--disable-pip-version-check", *where])
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "got" / WHEEL[0]).read_bytes() == WHEEL[1]


def test_pip_refuses_other_bytes(world, served, tmp_path):
    row = state.publish_file(world.store, world.index, "sampleproj", WHEEL)
    other = state.publish_file(world.store, world.index, "sampleproj", state.wheel("sampleproj", "2.0"))
    swapped = world.store.get("pypi.content", other["path"])
    world.store.put("pypi.content", row["path"], swapped)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--retries", "0"]
    where = ["--index-url", f"{served.http}/simple/", "--dest", str(tmp_path / "got"), "sampleproj==1.0"]
    done = run(served, [*command, "--disable-pip-version-check", *where])
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stdout
