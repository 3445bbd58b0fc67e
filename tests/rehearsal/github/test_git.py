"""Branches, commits, trees, blobs, contents and references, with the ids that git gives them."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess

import pytest

from keyless.rehearsal.github import repositories, state
from keyless.rehearsal.store import Store
from tests.rehearsal.github.conftest import BOB, FINE, WORKFLOW, Client

DEMO = "/repos/acme/demo"
RELEASE = ".github/workflows/release.yml"


def head(store: Store, branch: str = "main") -> str:
    return state.head(store, "acme", "demo", branch)


def test_ids_are_gits_own(store: Store, ada: Client):
    lines = {one["path"]: one["sha"] for one in ada.json(f"{DEMO}/git/trees/main?recursive=1")["tree"]}
    assert lines["README.md"] == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert lines["src/demo/__init__.py"] == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_itself_makes_the_same_tree_and_commit(store: Store, tmp_path):
    """Names that sort differently as file and as folder (`a`, `a.b`, `a/…`) are the ones that go wrong."""
    files = {"a.b": b"1", "a/x": b"2", "a0": b"3", "z/y/deep.txt": WORKFLOW, "Ä.txt": b"4"}
    state.create_repository(store, "acme", "tree", owner_is_organisation=True, files=files)
    document = repositories.repository(store, "acme", "tree")
    sha = state.head(store, "acme", "tree", "main")
    from keyless.rehearsal.github import objects

    commit = objects.read_commit(store, document["id"], sha)
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    date = f"{commit['at']} +0000"
    someone = {
        f"GIT_{who}_{what}": commit[what.lower()] for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environment = {**os.environ, **someone, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "HOME": str(tmp_path)}

    def git(*arguments: str, **more) -> str:
        command = ["git", "-c", "core.autocrlf=false", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True, **more
        ).stdout.strip()

    git("init", "-q")
    git("add", ".")
    assert git("write-tree") == commit["tree"]
    made = git("commit-tree", commit["tree"], input=commit["message"])
    body = git("cat-file", "commit", made)
    assert body.endswith(commit["message"])
    assert git("hash-object", "-t", "commit", "--stdin", input=body) == sha


def test_a_branch_with_a_slash_is_found_with_and_without_encoding(store: Store, ada: Client):
    state.create_branch(store, "acme", "demo", "feature/x", {"new.txt": b"1"})
    assert [one["name"] for one in ada.json(f"{DEMO}/branches")] == ["feature/x", "main"]
    for path in ("feature/x", "feature%2Fx"):
        assert ada.json(f"{DEMO}/branches/{path}")["commit"]["sha"] == head(store, "feature/x")
    missing = ada.get(f"{DEMO}/branches/none")
    assert (missing.status_code, missing.json()["message"]) == (404, "Branch not found")


def test_a_renamed_default_branch(store: Store, ada: Client):
    state.rename_branch(store, "acme", "demo", "main", "trunk")
    assert ada.json(DEMO)["default_branch"] == "trunk"
    assert [one["name"] for one in ada.json(f"{DEMO}/branches")] == ["trunk"]


def test_a_tree_flat_and_recursive_by_branch_commit_and_id(store: Store, ada: Client):
    flat = ada.json(f"{DEMO}/git/trees/main")
    assert [(one["path"], one["type"], one["mode"]) for one in flat["tree"]] == [
        (".github", "tree", "040000"),
        ("README.md", "blob", "100644"),
        ("src", "tree", "040000"),
    ]
    deep = ada.json(f"{DEMO}/git/trees/{head(store)}?recursive=1")
    assert RELEASE in [one["path"] for one in deep["tree"]]
    assert flat["sha"] == deep["sha"]
    assert ada.json(f"{DEMO}/git/trees/{flat['sha']}") == flat
    assert ada.get(f"{DEMO}/git/trees/{'0' * 40}").status_code == 404


def test_a_file_is_read_exactly(store: Store, ada: Client):
    found = ada.json(f"{DEMO}/contents/{RELEASE}")
    assert base64.b64decode(found["content"]) == WORKFLOW
    blob = ada.json(f"{DEMO}/git/blobs/{found['sha']}")
    assert base64.b64decode(blob["content"]) == WORKFLOW
    assert blob["size"] == len(WORKFLOW)
    raw = ada.get(f"{DEMO}/contents/{RELEASE}", Accept="application/vnd.github.raw+json")
    assert raw.content == WORKFLOW
    assert [one["name"] for one in ada.json(f"{DEMO}/contents/.github")] == ["workflows"]
    assert ada.get(f"{DEMO}/contents/none.txt").status_code == 404
    assert ada.get(f"{DEMO}/contents/README.md?ref=none").status_code == 404


def test_a_file_of_another_repository_is_not_here(store: Store, ada: Client):
    state.commit(store, "ada", "own", "main", {"only.txt": b"only here"}, "more")
    sha = ada.json("/repos/ada/own/contents/only.txt")["sha"]
    assert ada.get(f"{DEMO}/git/blobs/{sha}").status_code == 404


def test_commits_are_listed_newest_first_and_by_path(store: Store, ada: Client):
    first = head(store)
    store.advance(3600)
    second = state.commit(store, "acme", "demo", "main", {RELEASE: b"on: release\n"}, "Change the workflow", by="ada")
    store.advance(3600)
    third = state.commit(store, "acme", "demo", "main", {"README.md": None}, "Remove the readme")
    assert [one["sha"] for one in ada.json(f"{DEMO}/commits")] == [third, second, first]
    assert [one["sha"] for one in ada.json(f"{DEMO}/commits?path={RELEASE}")] == [second, first]
    since = ada.json(f"{DEMO}/commits/{second}")["commit"]["committer"]["date"]
    assert [one["sha"] for one in ada.json(f"{DEMO}/commits?since={since}")] == [third, second]
    assert ada.json(f"{DEMO}/commits/{second}")["author"]["login"] == "ada"
    assert ada.json(f"{DEMO}/git/commits/{second}")["parents"][0]["sha"] == first
    assert [one["sha"] for one in ada.json(f"{DEMO}/commits?until={since}")] == [second, first]
    assert ada.get(f"{DEMO}/commits/none").status_code == 422
    assert ada.get(f"{DEMO}/commits?sha=none").status_code == 404
    assert ada.get(f"{DEMO}/git/commits/{'0' * 40}").status_code == 404


def test_references_are_created_moved_and_deleted(store: Store, ada: Client):
    sha = head(store)
    body = {"ref": "refs/heads/keyless/move", "sha": sha}
    created = ada.ask("POST", f"{DEMO}/git/refs", json=body)
    assert (created.status_code, created.json()["object"]["sha"]) == (201, sha)
    assert ada.ask("POST", f"{DEMO}/git/refs", json=body).json()["message"] == "Reference already exists"
    assert ada.ask("POST", f"{DEMO}/git/refs", json=body | {"ref": "heads/x"}).status_code == 422
    missing = ada.ask("POST", f"{DEMO}/git/refs", json={"ref": "refs/heads/x", "sha": "0" * 40})
    assert (missing.status_code, missing.json()["message"]) == (422, "Object does not exist")
    nowhere = ada.ask("PATCH", f"{DEMO}/git/refs/heads/none", json={"sha": sha})
    assert (nowhere.status_code, nowhere.json()["message"]) == (422, "Reference does not exist")
    newer = state.commit(store, "acme", "demo", "main", {"n": b"1"}, "newer")
    moved = ada.ask("PATCH", f"{DEMO}/git/refs/heads/keyless/move", json={"sha": newer})
    assert moved.json()["object"]["sha"] == newer
    back = ada.ask("PATCH", f"{DEMO}/git/refs/heads/keyless/move", json={"sha": sha})
    assert (back.status_code, back.json()["message"]) == (422, "Update is not a fast forward")
    forced = {"sha": sha, "force": True}
    assert ada.ask("PATCH", f"{DEMO}/git/refs/heads/keyless/move", json=forced).status_code == 200
    assert ada.json(f"{DEMO}/git/ref/heads/keyless/move")["object"]["sha"] == sha
    assert len(ada.json(f"{DEMO}/git/matching-refs/heads/keyless")) == 1
    assert ada.ask("DELETE", f"{DEMO}/git/refs/heads/keyless/move").status_code == 204
    assert ada.ask("DELETE", f"{DEMO}/git/refs/heads/keyless/move").status_code == 422
    assert ada.get(f"{DEMO}/git/ref/heads/keyless/move").status_code == 404


def test_a_reference_needs_the_right_to_write(store: Store, eve: Client, bob: Client):
    body = {"ref": "refs/heads/x", "sha": head(store)}
    assert eve.ask("POST", f"{DEMO}/git/refs", json=body).status_code == 404
    assert bob.ask("POST", f"{DEMO}/git/refs", json=body).status_code == 201


def put_file(client: Client, path: str, **more: str):
    body = {"message": "m", "content": base64.b64encode(b"new\n").decode(), **more}
    return client.ask("PUT", f"{DEMO}/contents/{path}", json=body)


def test_a_file_is_written_only_over_what_the_caller_saw(store: Store, ada: Client):
    assert put_file(ada, "new.txt").status_code == 201
    assert put_file(ada, "README.md").status_code == 422
    conflict = put_file(ada, "README.md", sha="0" * 40)
    assert conflict.status_code == 409
    seen = ada.json(f"{DEMO}/contents/README.md")["sha"]
    assert put_file(ada, "README.md", sha=seen).status_code == 200
    assert state.tree(store, "acme", "demo", "main")["README.md"] == b"new\n"
    assert put_file(ada, "x", branch="none").status_code == 404
    assert put_file(ada, "x", content="a").status_code == 422


def test_a_token_without_the_workflow_scope_gets_404_for_a_workflow(store: Store, bob: Client):
    state.lose_permission(store, "bob", "workflow")
    path = ".github/workflows/new.yml"
    assert put_file(bob, path).status_code == 404
    assert put_file(bob, ".github/actions/x/action.yml").status_code == 201
    assert path not in state.tree(store, "acme", "demo", "main")


def test_a_fine_grained_token_needs_workflows_beside_contents(store: Store):
    state.create_token(store, "ada", FINE, kind="fine-grained", permissions={"contents": "write"})
    assert put_file(Client(store, FINE), ".github/workflows/new.yml").status_code == 403
    more = {"contents": "write", "workflows": "write"}
    state.create_token(store, "ada", FINE, kind="fine-grained", permissions=more)
    assert put_file(Client(store, FINE), ".github/workflows/new.yml").status_code == 201


def test_deleting_a_branch_closes_its_pull_request(store: Store):
    state.create_branch(store, "acme", "demo", "topic", {"t": b"1"})
    bob = Client(store, BOB)
    made = bob.ask("POST", f"{DEMO}/pulls", json={"title": "t", "head": "topic", "base": "main"})
    assert made.status_code == 201
    assert bob.ask("DELETE", f"{DEMO}/git/refs/heads/topic").status_code == 204
    assert bob.json(f"{DEMO}/pulls/1")["state"] == "closed"
