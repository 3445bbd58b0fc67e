"""Another process drives the rehearsal: time, faults, runs and people, from this machine only."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest

from keyless.model.index import Index
from keyless.model.publisher import Publisher, publishing_page, removal_page
from keyless.rehearsal.faults import Fault, FaultKind, faults
from keyless.rehearsal.github import state as github
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.services import Services
from keyless.rehearsal.store import Store
from keyless.rehearsal.transport import InProcess
from keyless.rehearsal.world import load
from keyless.rehearsal.world_file import read_world

BASE = "https://control.rehearsal"


@pytest.fixture
def services(tmp_path):
    store = Store()
    yield Services(store, tmp_path)
    store.close()


@pytest.fixture
def world(services):
    return asyncio.run(load(services, read_world("shap-like")))


def ask(services, method, path, *, transport=None, base=BASE, **more):
    async def once():
        async with httpx.AsyncClient(transport=transport or services.transport(), trust_env=False) as client:
            return await client.request(method, base + path, **more)

    return asyncio.run(once())


def post(services, at, **given):
    answer = ask(services, "POST", at, json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_time_passes(services):
    before = services.store.now()
    now = datetime.fromisoformat(post(services, "/advance", seconds=14 * 86_400)["now"])
    assert timedelta(days=14) <= now - before < timedelta(days=14, seconds=30)


def test_faults_are_set_counted_and_cleared(services):
    fault = {
        "kind": "secondary-limit",
        "service": "github",
        "method": "GET",
        "path": "/user",
        "times": 2,
        "retry_after": 7,
    }
    key = post(services, "/fault", **fault)["fault"]
    assert faults(services.store) == {
        key: Fault(FaultKind.SECONDARY_LIMIT, "github", "GET", "/user", times=2, retry_after=7)
    }
    limited = ask(services, "GET", "/user", base="https://api.github.rehearsal")
    assert (limited.status_code, limited.headers["retry-after"]) == (403, "7")
    state = ask(services, "GET", "/state").json()
    assert (state["faults"][key]["fired"], state["faults"][key]["times"]) == (1, 1)
    assert state["requests"] == {"control": 2, "github": 1}
    assert post(services, "/clear-faults") == {"cleared": 1}
    assert faults(services.store) == {}


def test_the_world_is_told(services, world):
    told = ask(services, "GET", "/state").json()["world"]
    assert told["name"] == "shap-like"
    assert told["people"][world.operator]["github_token"] == world.person(world.operator).github_token.reveal()


def test_a_release_runs_and_reaches_the_index(services, world):
    (repository,) = world.migrate
    answer = post(services, "/release", repository=str(repository), index="pypi", version="90.1.0")
    assert len(answer["runs"]) == 1
    versions = {file["version"] for file in index_state.files(services.store, Index.PYPI, "shap-like")}
    assert "90.1.0" in versions


def test_one_workflow_is_run_at_a_ref(services, world):
    """The second run of the same release fails at the index, as a re-run does, and is a run all the same."""
    (repository,) = world.migrate
    first = post(services, "/release", repository=str(repository), index="pypi", version="90.1.0")["runs"]
    given = {"path": ".github/workflows/release.yml", "event": "release", "ref": "v90.1.0", "actor": world.operator}
    (second,) = post(services, "/run", repository=str(repository), **given)["runs"]
    assert second not in first
    token = world.person(world.operator).github_token.reveal()
    seen = ask(
        services,
        "GET",
        f"/repos/{repository}/actions/runs/{second}",
        base="https://api.github.rehearsal",
        headers={"authorization": f"Bearer {token}"},
    ).json()
    assert (seen["event"], seen["path"], seen["status"]) == ("release", given["path"], "completed")


def test_people_register_publishers_and_remove_tokens_by_links(services, world):
    site = services.addresses.pypi.site
    publisher = Publisher("shap-like", "shap", "release.yml", "release")
    post(services, "/person", action="register-publisher", link=publishing_page(site, "shap-like", publisher))
    registered = index_state.publishers(services.store, Index.PYPI, "shap-like")
    assert len(registered) == 1

    token = next(token for token in world.tokens if token.index is Index.PYPI)
    post(services, "/person", action="remove-token", link=removal_page(site, token.identifier))
    assert index_state.token(services.store, Index.PYPI, token.identifier) is None


def test_people_issue_tokens(services, world):
    link = f"{services.addresses.pypi.site}/manage/account/token/?selected_project=shap-like"
    token = post(services, "/person", action="issue-token", link=link)["token"]
    assert token.startswith("pypi-AgEIcHlwaS5vcmcCJ")
    assert len(token) > 190


@pytest.mark.parametrize("which", ["by number", "all that are open"])
def test_people_merge_pull_requests(services, world, which):
    (repository,) = world.migrate
    changed = {"README.md": b"# shap-like, without a token\n"}
    github.create_branch(services.store, repository.owner, repository.name, "change", changed)
    token = world.person(world.operator).github_token.reveal()
    pull = ask(
        services,
        "POST",
        f"/repos/{repository}/pulls",
        base="https://api.github.rehearsal",
        headers={"authorization": f"Bearer {token}"},
        json={"title": "Change", "head": "change", "base": "main"},
    ).json()
    number = {"number": pull["number"]} if which == "by number" else {}
    (commit,) = post(services, "/person", action="merge", repository=str(repository), **number)["commits"]
    assert github.head(services.store, repository.owner, repository.name, "main") == commit
    assert github.tree(services.store, repository.owner, repository.name, commit)["README.md"] == changed["README.md"]


@pytest.mark.parametrize(
    ("path", "given", "says"),
    [
        ("/advance", {}, "'seconds' is missing"),
        ("/advance", {"seconds": "x"}, "could not convert"),
        ("/fault", {"kind": "earthquake"}, "earthquake"),
        ("/fault", {"kind": "503", "colour": "red"}, "no such field"),
        ("/run", {"repository": "nobody/nothing", "path": "x", "actor": "nadia"}, "nobody/nothing"),
        ("/release", {"repository": "shap-like/shap", "index": "npm"}, "npm"),
        ("/release", {"repository": "nobody/nothing", "index": "pypi"}, "nobody/nothing"),
        ("/person", {"action": "dance"}, "dance"),
        ("/person", {"action": "merge"}, "'repository' is missing"),
        ("/person", {"action": "merge", "repository": "shap-like/shap", "login": "nobody"}, "nobody"),
        ("/person", {"action": "remove-token", "link": "https://pypi.org/manage/account/#x"}, "leads nowhere"),
    ],
)
@pytest.mark.usefixtures("world")
def test_what_makes_no_sense_is_refused_with_the_reason(services, path, given, says):
    answer = ask(services, "POST", path, json=given)
    assert answer.status_code == 422
    assert says in answer.json()["message"]


def test_without_a_world_nobody_acts(services):
    answer = ask(services, "POST", "/person", json={"action": "merge", "repository": "o/r"})
    assert (answer.status_code, answer.json()) == (422, {"message": "no world was loaded into this rehearsal"})


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"7"])
def test_a_body_that_is_no_json_object_is_refused(services, content):
    answer = ask(services, "POST", "/advance", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_a_web_page_cannot_drive_it(services):
    """A form or a simple script request cannot say application/json without asking first, and that is not answered."""
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        answer = ask(services, "POST", "/advance", content=b'{"seconds": 9}', headers={"content-type": kind})
        assert answer.status_code == 422
    assert ask(services, "OPTIONS", "/advance").status_code == 405
    assert "clock" not in {kind for (kind,) in services.store._db.execute("SELECT kind FROM document")}


def test_a_name_that_was_made_to_lead_here_is_refused(services):
    rebound = InProcess({"attacker.example": services.apps["control"]})
    answer = ask(services, "GET", "/state", transport=rebound, base="https://attacker.example")
    assert answer.status_code == 422


def test_another_machine_is_refused(services):
    elsewhere = httpx.ASGITransport(services.apps["control"], client=("192.0.2.7", 4000))
    assert ask(services, "GET", "/state", transport=elsewhere).status_code == 422
