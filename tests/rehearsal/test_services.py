"""All services over one store: each host reaches its own, nothing else is reached, and one verifying path serves them."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from keyless.model.index import Index
from keyless.model.realm import Realm
from keyless.model.release import ReleaseFile
from keyless.rehearsal.faults import FOR_EVER, Fault, FaultKind, set_fault
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.services import HOSTS, SERVICES, Services
from keyless.rehearsal.world import load
from keyless.rehearsal.world_file import read_world
from keyless.services.sigstore import SigstoreVerifier

HELLO = {
    "github": ("https://api.github.rehearsal/user", 401),
    "pypi": ("https://pypi.rehearsal/_/oidc/audience", 200),
    "testpypi": ("https://test.pypi.rehearsal/_/oidc/audience", 200),
    "issuer": ("https://token.actions.rehearsal/.well-known/openid-configuration", 200),
    "control": ("https://control.rehearsal/state", 200),
}


@pytest.fixture
def services(tmp_path):
    services = Services.open(tmp_path / "rehearsal")
    yield services
    services.store.close()


def get(services, url, **more):
    async def once():
        async with httpx.AsyncClient(transport=services.transport(), trust_env=False) as client:
            return await client.get(url, **more)

    return asyncio.run(once())


def test_every_service_answers_at_its_host_and_is_counted(services):
    assert set(HELLO) == set(SERVICES) == set(HOSTS.values())
    for name, (url, status) in HELLO.items():
        assert get(services, url).status_code == status, name
    assert services.requests == dict.fromkeys(SERVICES, 1)


def test_the_two_indexes_are_two(services):
    told = [get(services, HELLO[name][0]).json()["audience"] for name in ("pypi", "testpypi")]
    assert told == ["pypi", "testpypi"]


def test_the_addresses_are_the_rehearsals_and_all_of_them_answer(services):
    addresses = services.addresses
    assert addresses.realm is Realm.REHEARSAL
    for url in (addresses.github_api, addresses.github_web, addresses.pypi.site, addresses.testpypi.site):
        assert get(services, url).status_code < 500
    assert addresses.pypi.upload == "https://pypi.rehearsal/legacy/"
    assert addresses.testpypi.upload == "https://test.pypi.rehearsal/legacy/"


@pytest.mark.parametrize(
    "url",
    ["https://api.github.com/user", "https://pypi.org/simple/", "https://upload.pypi.org/legacy/", "http://[::1]/"],
)
def test_the_real_services_cannot_be_reached(services, url):
    with pytest.raises(httpx.ConnectError):
        get(services, url)


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "control"])
def test_a_fault_meets_its_service_and_no_other(services, name):
    set_fault(services.store, Fault(FaultKind.UNAVAILABLE, service=name, times=FOR_EVER))
    for other, (url, status) in HELLO.items():
        assert get(services, url).status_code == (503 if other == name else status), other


def test_control_is_never_broken(services):
    set_fault(services.store, Fault(FaultKind.UNAVAILABLE, times=FOR_EVER))
    assert get(services, HELLO["control"][0]).status_code == 200


def test_opened_again_it_is_the_same_rehearsal(services):
    again = Services.open(services.folder)
    try:
        assert again.sigstore.trust_root() == services.sigstore.trust_root()
        assert services.addresses.trust_root.read_bytes() == again.sigstore.trust_root()
    finally:
        again.store.close()


def test_the_folder_is_its_owners_alone(services):
    assert services.folder.stat().st_mode & 0o777 == 0o700


def test_the_real_adapter_verifies_a_release_of_the_rehearsal(services):
    """A trusted upload of a world's history, through the index's checks, its Integrity API and keyless's own verifier."""
    asyncio.run(load(services, read_world("organisation")))
    file = next(
        file
        for project in index_state.projects(services.store, Index.PYPI)
        for file in index_state.files(services.store, Index.PYPI, project["name"])
        if file["has_provenance"]
    )
    url = f"{services.addresses.pypi.site}/integrity/{file['project']}/{file['version']}/{file['filename']}/provenance"
    given = get(services, url)
    assert given.status_code == 200
    verifier = SigstoreVerifier(services.addresses.trust_root, Index.PYPI, services.store.now)
    release = ReleaseFile(file["filename"], file["sha256"], 0, services.store.now(), False, True)
    facts = verifier.attestations(given.content, release)
    assert [fact.refused for fact in facts] == [None]
    assert facts[0].claims.run_uri.startswith(facts[0].claims.repository_uri + "/actions/runs/")
    stated = json.loads(given.content)["attestation_bundles"][0]["publisher"]
    assert facts[0].claims.repository_uri == f"https://github.com/{stated['repository']}"
