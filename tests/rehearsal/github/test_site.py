"""GitHub's pages for people in rehearsal: each link that keyless prints leads somewhere, and the buttons do what they say."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from keyless.model.github import Repository
from keyless.rehearsal.github import state
from keyless.rehearsal.services import Services
from keyless.rehearsal.store import Store
from keyless.rehearsal.world import load
from keyless.rehearsal.world_file import read_world

SITE = "https://github.rehearsal"
HERE = Repository("shap-like", "shap")


@pytest.fixture
def services(tmp_path):
    store = Store()
    made = Services(store, tmp_path)
    asyncio.run(load(made, read_world("shap-like")))
    yield made
    store.close()


def ask(services, method, path, **more) -> httpx.Response:
    async def once():
        async with httpx.AsyncClient(transport=services.transport(), trust_env=False) as client:
            return await client.request(method, SITE + path, **more)

    return asyncio.run(once())


def propose(services) -> str:
    from keyless.rehearsal.github import pulls, repositories

    text = b"<script>alert(1)</script>\n"
    state.create_branch(services.store, HERE.owner, HERE.name, "change", {"new.txt": text})
    document = repositories.repository(services.store, HERE.owner, HERE.name)
    pull = pulls.create(
        services.store, document, head="change", base="main", title="A <b>change", body=None, by="nadia"
    )
    return f"/{HERE}/pull/{pull['number']}"


def test_a_pull_request_is_seen_and_merged(services):
    path = propose(services)
    page = ask(services, "GET", path).text
    assert "+&lt;script&gt;" in page
    assert "A &lt;b&gt;change" in page
    assert "<button>Merge it (as nadia)" in page
    assert ask(services, "POST", path, headers={"origin": SITE}).status_code == 303
    assert "<button" not in ask(services, "GET", path).text
    assert "new.txt" in state.tree(services.store, HERE.owner, HERE.name, "main")
    assert ask(services, "POST", path).status_code == 422


def test_another_site_presses_no_button(services):
    path = propose(services)
    assert ask(services, "POST", path, headers={"origin": "https://evil.example"}).status_code == 403
    assert "new.txt" not in state.tree(services.store, HERE.owner, HERE.name, "main")


def test_a_release_is_made_from_the_workflows_page_and_its_run_can_be_read(services):
    path = f"/{HERE}/actions/workflows/release.yml"
    before = ask(services, "GET", path).text
    assert "Release on TestPyPI (as nadia)" in before
    assert ask(services, "POST", path, data={"index": "testpypi", "project": ""}).status_code == 303
    after = ask(services, "GET", path).text
    assert after.count("<li>") == before.count("<li>") + 1
    run = after.split(f'href="/{HERE}/actions/runs/')[1].split('"')[0]
    assert "success" in ask(services, "GET", f"/{HERE}/actions/runs/{run}").text
    assert "success" in ask(services, "GET", f"/{HERE}/actions/runs/{run}/attempts/1").text


def test_the_front_page_leads_to_all_of_it(services):
    path = propose(services)
    page = ask(services, "GET", "/").text
    assert f'href="{path}"' in page
    assert f'href="/{HERE}/actions/workflows/release.yml"' in page
    assert "REHEARSAL" in page


@pytest.mark.parametrize("path", ["/nobody/nothing/pull/1", f"/{HERE}/pull/99", f"/{HERE}/actions/runs/1"])
def test_what_is_not_there_is_a_page_that_says_so(services, path):
    answer = ask(services, "GET", path)
    assert answer.status_code == 404
    assert "There is no" in answer.text
