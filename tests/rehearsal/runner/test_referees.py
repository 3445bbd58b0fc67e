"""The runner speaks the protocol itself; real twine and uv against the served index leave the same behind."""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keyless.model.index import Index
from keyless.rehearsal import issuer
from keyless.rehearsal.connection import STORE_FILE
from keyless.rehearsal.github import repositories, state
from keyless.rehearsal.index import artefacts
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.runner import run_workflow
from keyless.rehearsal.services import Services
from keyless.rehearsal.store import Store
from tests.rehearsal.runner.bench import PATH, Bench

SERVE = """\
import json, sys
from pathlib import Path
from keyless.rehearsal.serve import serve
serve(Path(sys.argv[1]), lambda said: print(json.dumps(said), flush=True), world="lost-token", tls=True,
      names=["test.pypi.org"])
"""
STEPS = {
    "twine": "- {run: twine upload dist/*, env: {TWINE_PASSWORD: HERE, TWINE_REPOSITORY: testpypi}}",
    "uv": "- {run: uv publish, env: {UV_PUBLISH_TOKEN: HERE, UV_PUBLISH_URL: 'https://test.pypi.org/legacy/'}}",
    "uv trusted": "- run: uv publish --trusted-publishing always --publish-url https://test.pypi.org/legacy/",
    "twine trusted": "- {uses: pypa/gh-action-pypi-publish@v1, with: {repository-url: 'https://test.pypi.org/legacy/'}}",
}
WORKFLOW = """\
on: {push: {tags: ["v*"]}}
jobs:
  a:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      """


class Side:
    """The served rehearsal and this process, over one store."""

    def __init__(self, folder: Path, said: dict, store: Store, proxy: str) -> None:
        self.folder, self.said, self.store, self.proxy = folder, said, store, proxy
        self.bench = Bench(Services(store, folder))
        self.bench.publisher(index=Index.TESTPYPI)
        self.token = self.bench.token(Index.TESTPYPI).reveal()

    def by_runner(self, kind: str, version: str, ends: str = "success") -> None:
        project = f'[project]\nname = "Example.Project"\nversion = "{version}"\n'
        step = STEPS[kind].replace("HERE", "'${{ secrets.T }}'")
        if ends == "success":
            self.bench.secret("T", self.token)
        else:
            state.delete_secret(self.store, "repository", "acme", "example", None, "T")
        sha = self.bench.commit({PATH: WORKFLOW + step + "\n", "pyproject.toml": project})
        state.tag(self.store, "acme", "example", f"v{version}", sha)
        run = asyncio.run(
            run_workflow(
                self.bench.services, "acme", "example", path=PATH, event="push", ref=f"v{version}", actor="ann"
            )
        )
        assert self.bench.outcome(run).conclusion == ends

    def by_client(self, kind: str, version: str, folder: Path) -> None:
        files = [make("Example.Project", version) for make in (artefacts.sdist, artefacts.wheel)]
        for name, content in files:
            (folder / name).write_bytes(content)
        at = self.said["services"]["testpypi"] + "/legacy/"
        paths = [str(folder / name) for name, _ in files]
        claims = self._claims(version)
        match kind:
            case "twine":
                words = ["twine", "upload", "--non-interactive", "--repository-url", at, "-u", "__token__", *paths]
                self._run(words, TWINE_PASSWORD=self.token)
            case "uv":
                self._run(["uv", "publish", "--publish-url", at, *paths], UV_PUBLISH_TOKEN=self.token)
            case "uv trusted":
                words = ["uv", "publish", "--publish-url", at, "--trusted-publishing", "always", *paths]
                self._run(words, **self._identity(claims))
            case _:
                import hashlib

                for name, content in files:
                    made = self.bench.services.sigstore.attest(claims, name, hashlib.sha256(content).hexdigest())
                    (folder / f"{name}.publish.attestation").write_text(json.dumps(made))
                attestations = [f"{path}.publish.attestation" for path in paths]
                words = ["twine", "upload", "--non-interactive", "-r", "testpypi", "--attestations", *paths]
                self._run([*words, *attestations], HTTPS_PROXY=self.proxy, **self._identity(claims))

    def refuse(self, kind: str, version: str, folder: Path) -> None:
        """Let the real client upload with a variable that is set and empty, although an identity could be had."""
        name, content = artefacts.wheel("Example.Project", version)
        (folder / name).write_bytes(content)
        identity = self._identity(self._claims(version))
        if kind == "twine":
            words = ["twine", "upload", "--non-interactive", "-r", "testpypi", str(folder / name)]
            self._run(words, ends=1, TWINE_PASSWORD="", HTTPS_PROXY=self.proxy, **identity)
        else:
            at = self.said["services"]["testpypi"] + "/legacy/"
            self._run(
                ["uv", "publish", "--publish-url", at, str(folder / name)], ends=2, UV_PUBLISH_TOKEN="", **identity
            )

    def _claims(self, version: str) -> dict[str, str]:
        document = repositories.repository(self.store, "acme", "example")
        sha = repositories.head(self.store, "acme", "example", "main")
        job = issuer.Job(
            repository="acme/example",
            repository_id=document["id"],
            owner_id=repositories.accounts.account(self.store, "acme")["id"],
            workflow_path=PATH,
            workflow_name=PATH,
            ref=f"refs/tags/v{version}",
            sha=sha,
            event="push",
            actor="ann",
            run_id=1,
        )
        return issuer.job_claims(job)

    def _identity(self, claims: dict[str, str]) -> dict[str, str]:
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": issuer.Issuer(self.store).grant(claims),
            "ACTIONS_ID_TOKEN_REQUEST_URL": issuer.id_token_url(self.said["services"]["issuer"]),
        }

    def _run(self, words: list[str], *, ends: int = 0, **env: str) -> None:
        authority = self.said["ca_file"]
        names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT")
        bare = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}
        program = str(Path(sys.executable).parent / words[0])
        done = subprocess.run(
            [program, *words[1:]],
            env={**bare, **dict.fromkeys(names, authority), **env},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode != 0) is (ends != 0), done.stdout + done.stderr

    def left_behind(self, version: str) -> dict[str, object]:
        """What the index holds of a version: files without what must differ (times, digests, the version itself)."""
        differs = {"version", "md5", "sha256", "blake2_256", "path", "size", "uploaded_at", "metadata_sha256"}
        rows = [
            {
                key: value.replace(version, "V") if isinstance(value, str) else value
                for key, value in file.items()
                if key not in differs and (key != "token" or not file["trusted"])
            }
            for file in index_state.files(self.store, Index.TESTPYPI, "example-project")
            if file["version"] == version
        ]
        return {row["filename"]: row for row in rows}

    def minted(self) -> int:
        return sum(token["publisher"] is not None for token in index_state.tokens(self.store, Index.TESTPYPI))


def _relay(listening: socket.socket, port: int) -> None:
    """A CONNECT proxy to one port, so that a client believes it talks to test.pypi.org."""

    def carry(client: socket.socket) -> None:
        with closing(client), closing(socket.create_connection(("127.0.0.1", port))) as server:
            while b"\r\n\r\n" not in client.recv(65536):
                pass
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            other = {client: server, server: client}
            while True:
                for ready in select.select([client, server], [], [], 10)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    other[ready].sendall(data)

    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=carry, args=(client,), daemon=True).start()


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    folder = tmp_path_factory.mktemp("served")
    with subprocess.Popen([sys.executable, "-c", SERVE, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        store = Store(folder / STORE_FILE)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            try:
                said = json.loads(process.stdout.readline())
                port = int(said["services"]["testpypi"].rpartition(":")[2])
                threading.Thread(target=_relay, args=(listening, port), daemon=True).start()
                yield Side(folder, said, store, f"http://127.0.0.1:{listening.getsockname()[1]}")
            finally:
                listening.shutdown(socket.SHUT_RDWR)
                process.kill()
                store.close()


@pytest.mark.parametrize(("number", "kind"), list(enumerate(STEPS)))
def test_the_runner_and_the_real_client_leave_the_same_behind(
    number: int, kind: str, side: Side, tmp_path: Path
) -> None:
    """The same two files, once by the runner's step and once by the client itself: rows and tokens are the same."""
    before = side.minted()
    side.by_runner(kind, f"{number}.1")
    by_runner = side.minted() - before
    side.by_client(kind, f"{number}.2", tmp_path)
    assert side.left_behind(f"{number}.1") == side.left_behind(f"{number}.2")
    assert len(side.left_behind(f"{number}.1")) == 2
    assert side.minted() - before - by_runner == by_runner == int(kind == "twine trusted")


@pytest.mark.parametrize("kind", ["twine", "uv"])
def test_a_secret_that_is_gone_and_still_handed_over_is_refused_by_both(kind: str, side: Side, tmp_path: Path) -> None:
    """Neither the client nor the runner falls back to trusted publishing where an empty credential is given."""
    side.by_runner(kind, "8.1", ends="failure")
    side.refuse(kind, "8.2", tmp_path)
    assert side.left_behind("8.1") == side.left_behind("8.2") == {}
