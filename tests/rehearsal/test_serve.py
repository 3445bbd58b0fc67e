"""A rehearsal in a process of its own, as other programs meet it: started, used, killed, started again."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from keyless.errors import Locked, UsageError
from keyless.rehearsal.certificates import Certificates
from keyless.rehearsal.connection import load_rehearsal
from keyless.rehearsal.faults import Fault, FaultKind, set_fault
from keyless.rehearsal.serve import _bind, _listen, _prepare, serve
from keyless.rehearsal.services import SERVICES, Services
from keyless.rehearsal.store import Store
from keyless.rehearsal.world import loaded

HELLO = {
    "github": ("/user", 401),
    "pypi": ("/_/oidc/audience", 200),
    "testpypi": ("/_/oidc/audience", 200),
    "issuer": ("/.well-known/openid-configuration", 200),
    "control": ("/state", 200),
}


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "keyless", "rehearse", "--serve", "--keep", str(folder), *more]


@contextmanager
def served(folder: Path, *more: str):
    """Run the command until the end of the block; gives the process and the line that it printed."""
    with subprocess.Popen(command(folder, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield process, json.loads(line)
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "rehearsal"


@pytest.fixture
def store():
    store = Store()
    yield store
    store.close()


@pytest.fixture(scope="module")
def over_tls(tmp_path_factory):
    """What one server over TLS says; for tests that leave it as it was."""
    with served(tmp_path_factory.mktemp("tls") / "rehearsal", "--tls") as (_, said):
        yield said


@pytest.fixture
def client():
    with httpx.Client(trust_env=False, timeout=5) as client:
        yield client


def told(client, said, path="/state"):
    return client.get(said["services"]["control"] + path).json()


def order(client, said, path, **given):
    answer = client.post(said["services"]["control"] + path, json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_says_in_one_line_where_everything_is_and_stops_cleanly(folder, client, ending):
    with served(folder) as (process, said):
        assert said["realm"] == "rehearsal"
        assert said["ca_file"] is None
        assert list(said["services"]) == list(SERVICES)
        for name, (path, status) in HELLO.items():
            assert client.get(said["services"][name] + path).status_code == status, name

        written = folder / "rehearsal.json"
        assert json.loads(written.read_text()) == said
        assert written.stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
        assert load_rehearsal(folder).addresses.github_api == said["services"]["github"]

        operator = said["world"]["people"][said["world"]["operator"]]
        bearer = {"authorization": f"Bearer {operator['github_token']}"}
        for prefix in ("", "/api/v3"):
            viewer = client.get(f"{said['services']['github']}{prefix}/user", headers=bearer)
            assert viewer.json()["login"] == said["world"]["operator"]

        process.send_signal(ending)
        rest, errors = process.communicate(timeout=10)
        assert (process.returncode, rest, errors) == (0, "", "")


def test_after_a_kill_it_goes_on_at_the_same_addresses_with_the_same_state(folder, client):
    """What was answered before SIGKILL is there after it: time, faults, a deleted secret, the trust root."""
    with served(folder) as (process, said):
        operator = said["world"]["people"][said["world"]["operator"]]
        bearer = {"authorization": f"Bearer {operator['github_token']}"}
        secrets = f"{said['services']['github']}/repos/shap-like/shap/actions/secrets"
        before = client.get(secrets, headers=bearer).json()["total_count"]
        assert client.delete(f"{secrets}/PYPI_API_TOKEN", headers=bearer).status_code == 204
        fault = order(client, said, "/fault", kind="503", service="pypi", times=3)["fault"]
        assert client.get(said["services"]["pypi"] + "/simple/").status_code == 503
        now = order(client, said, "/advance", seconds=86_400)["now"]
        root = Path(said["trust_root"]).read_bytes()
        process.send_signal(signal.SIGKILL)
        process.wait()

    with served(folder) as (_, again):
        assert again["services"] == said["services"]
        assert again["world"] == said["world"]
        assert client.get(secrets, headers=bearer).json()["total_count"] == before - 1
        state = told(client, again)
        assert (state["faults"][fault]["fired"], state["faults"][fault]["times"]) == (1, 2)
        assert state["now"] > now
        assert Path(again["trust_root"]).read_bytes() == root


def trusting(said):
    return ssl.create_default_context(cafile=said["ca_file"])


def test_over_tls_only_those_who_have_the_authority_trust_it(over_tls):
    folder = Path(over_tls["folder"])
    assert load_rehearsal(folder).addresses.ca_file == Path(over_tls["ca_file"])
    assert (folder / "server.pem").stat().st_mode & 0o777 == 0o600
    with httpx.Client(verify=trusting(over_tls), trust_env=False) as client:
        for name, (path, status) in HELLO.items():
            assert over_tls["services"][name].startswith("https://")
            assert client.get(over_tls["services"][name] + path).status_code == status
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY"):
        client.get(over_tls["services"]["github"])


def test_the_authority_is_the_same_at_every_start(store, tmp_path):
    first = Certificates.write(store, tmp_path, ("127.0.0.1",))
    kept, leaf = first.authority.read_bytes(), first.server.read_bytes()
    again = Certificates.write(store, tmp_path, ("127.0.0.1",))
    assert again.authority.read_bytes() == kept
    assert again.server.read_bytes() != leaf


@pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed (Debian: apt install gh)")
def test_gh_works_with_it_as_with_an_enterprise_server(over_tls, tmp_path):
    host = over_tls["services"]["github"].removeprefix("https://")
    operator = over_tls["world"]["people"][over_tls["world"]["operator"]]
    listed = subprocess.run(
        ["gh", "secret", "list", "-R", f"{host}/shap-like/shap"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "GH_HOST": host,
            "GH_ENTERPRISE_TOKEN": operator["github_token"],
            "SSL_CERT_FILE": over_tls["ca_file"],
            "GH_PROMPT_DISABLED": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (listed.returncode, listed.stderr) == (0, "")
    assert {line.split("\t")[0] for line in listed.stdout.splitlines()} == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def test_pypis_reason_stands_in_the_status_line(over_tls):
    """The empty upload form with a live token, as the probe sends it: twine would show this line."""
    tokens = over_tls["world"]["tokens"].values()
    token = next(one["text"] for one in tokens if one["index"] == "pypi" and one["text"])
    host = over_tls["services"]["pypi"].removeprefix("https://")
    connection = http.client.HTTPSConnection(host, context=trusting(over_tls))
    basic = base64.b64encode(f"__token__:{token}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/legacy/", ":action=file_upload&protocol_version=1", headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 400
    assert answer.reason.startswith("'' is an invalid value for Name. Error: This field is required.")
    assert answer.getheader("x-keyless-reason") is None


def test_faults_from_another_process_break_tls_connections_too(over_tls):
    """Under TLS a reset looks like an end to Python's ssl module, so httpx says what it says of an end."""
    store = Store(Path(over_tls["folder"]) / "world.sqlite")
    set_fault(store, Fault(FaultKind.RESET_AFTER, "testpypi"))
    set_fault(store, Fault(FaultKind.CUT_BODY, "testpypi"))
    store.close()
    url = over_tls["services"]["testpypi"] + "/_/oidc/audience"
    with httpx.Client(verify=trusting(over_tls), trust_env=False) as client:
        for message in ("without sending a response|reset by peer", "without sending complete message body"):
            with pytest.raises(httpx.TransportError, match=message):
                client.get(url)
        assert client.get(url).json() == {"audience": "testpypi"}


def test_a_request_that_never_gets_its_answer_does_not_hold_up_the_end(folder, client):
    with served(folder) as (process, said):
        order(client, said, "/fault", kind="timeout", service="github")
        host, port = said["services"]["github"].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as waiting:
            waiting.sendall(b"GET /user HTTP/1.1\r\nHost: x\r\n\r\n")
            waiting.settimeout(0.2)
            with pytest.raises(TimeoutError):
                waiting.recv(1)
            process.terminate()
            assert process.wait(timeout=10) == 0


def test_a_folder_is_served_once(over_tls):
    folder = Path(over_tls["folder"])
    with pytest.raises(Locked, match="being served already"):
        serve(folder, pytest.fail)
    assert json.loads((folder / "rehearsal.json").read_text()) == over_tls


def test_a_folder_has_one_world(tmp_path):
    services = Services.open(tmp_path)
    try:
        for again in ("lost-token", "lost-token", None):
            _prepare(services, again)
            assert loaded(services.store).name == "lost-token"
        with pytest.raises(UsageError, match="'lost-token', not 'monorepo'"):
            _prepare(services, "monorepo")
    finally:
        services.store.close()


def test_a_world_that_was_half_made_is_not_served(tmp_path, monkeypatch):
    async def killed(_services, _world):
        raise SystemExit

    services = Services.open(tmp_path)
    try:
        monkeypatch.setattr("keyless.rehearsal.world.load", killed)
        with pytest.raises(SystemExit):
            _prepare(services, None)
        with pytest.raises(UsageError, match="interrupted"):
            _prepare(services, None)
    finally:
        services.store.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--auto"], "--auto"),
        (["--port", "70000"], "70000"),
        (["--rehearsal", "elsewhere"], "--keep"),
    ],
)
def test_options_that_make_no_sense_are_refused(folder, options, says):
    refused = subprocess.run(command(folder, *options), capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert says in refused.stderr


def ports(sockets):
    found = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return found


def test_the_last_ports_are_taken_again_and_others_when_one_is_not_free(store):
    first = ports(_listen(store, 0))
    assert len(set(first)) == len(SERVICES)
    assert ports(_listen(store, 0)) == first
    with socket.create_server(("127.0.0.1", first[2])):
        others = ports(_listen(store, 0))
        assert first[2] not in others
    assert ports(_listen(store, 0)) == others


def test_a_first_port_gives_five_in_a_row_or_none(store):
    free = ports(_bind([0]))[0] & ~7
    try:
        assert ports(_listen(store, free)) == list(range(free, free + 5))
    except UsageError:
        pytest.skip(f"somebody else uses one of the ports from {free}")
    with socket.create_server(("127.0.0.1", free + 3)), pytest.raises(UsageError, match="is taken"):
        _listen(store, free)
