"""A checkout's repository and files, without a network and without git."""

from __future__ import annotations

import subprocess

import pytest

from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.workflow import Here
from keyless.services.system import find_checkout, parse_remote, read_files

REPOSITORY = Repository("octo", "sample.proj")
CONFIG = """\
[core]
\trepositoryformatversion = 0
[remote "{name}"]
\turl = {url}
\tfetch = +refs/heads/*:refs/remotes/{name}/*
[branch "main"]
\tremote = {name}
"""


def checkout(folder, url="https://github.com/octo/sample.proj.git", name="origin", config=None):
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(config or CONFIG.format(name=name, url=url))
    for path, content in {
        ".github/workflows/release.yml": b"on: push\r\n",
        ".github/workflows/test.yaml": b"on: push\n",
        ".github/workflows/notes.md": b"#\n",
        ".github/workflows/deep/ignored.yml": b"on: push\n",
        ".github/actions/build/action.yml": b"runs: {}\n",
        ".github/actions/a/b/action.yaml": b"runs: {}\n",
        ".github/actions/build/run.sh": b"#!/bin/sh\n",
        "tools/release.sh": b"#!/bin/sh\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/octo/sample.proj",
        "https://github.com/octo/sample.proj.git",
        "https://github.com/octo/sample.proj/",
        "https://user:secret@github.com/octo/sample.proj.git",
        "http://github.com/octo/sample.proj",
        "git@github.com:octo/sample.proj.git",
        "git@github.com:/octo/sample.proj.git",
        "github.com:octo/sample.proj",
        "ssh://git@github.com/octo/sample.proj.git",
        "ssh://git@github.com:22/octo/sample.proj",
        "git://github.com/octo/sample.proj.git",
    ],
)
def test_every_form_of_a_remote_names_the_repository(url):
    assert parse_remote(url) == REPOSITORY


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com/octo/sample.proj",
        "https://github.com.evil.example/octo/sample.proj",
        "https://evil.example/github.com/octo/sample.proj",
        "https://notgithub.com/octo/sample.proj",
        "/srv/git/sample.proj.git",
        "https://github.com/octo",
        "https://github.com/octo/a/b",
        "",
    ],
)
def test_another_host_is_no_repository_of_github(url):
    assert parse_remote(url) is None


def test_a_checkout_tells_repository_and_automation_files(tmp_path):
    found = find_checkout(checkout(tmp_path))
    assert found.repository == REPOSITORY
    assert [file.path for file in found.files] == [
        ".github/actions/a/b/action.yaml",
        ".github/actions/build/action.yml",
        ".github/workflows/release.yml",
        ".github/workflows/test.yaml",
    ]
    assert found.files[2].content == b"on: push\r\n"


def test_a_folder_inside_of_a_checkout_is_of_that_checkout(tmp_path):
    root = checkout(tmp_path)
    assert find_checkout(root / "tools").root == root


def test_a_fork_is_not_taken_for_the_project(tmp_path):
    both = CONFIG.format(name="origin", url="git@github.com:me/sample.proj.git") + CONFIG.format(
        name="upstream", url="git@github.com:octo/sample.proj.git"
    )
    found = find_checkout(checkout(tmp_path, config=both))
    assert found.repository == REPOSITORY
    assert dict(found.remotes)["origin"] == Repository("me", "sample.proj")


def test_among_several_unknown_remotes_none_is_guessed(tmp_path):
    both = CONFIG.format(name="ann", url="git@github.com:ann/x") + CONFIG.format(name="bob", url="git@github.com:bob/x")
    assert find_checkout(checkout(tmp_path, config=both)).repository is None


def test_a_checkout_without_a_remote_is_still_read(tmp_path):
    found = find_checkout(checkout(tmp_path, config="[core]\n"))
    assert found.repository is None
    assert len(found.files) == 4


def test_a_linked_work_tree_has_its_repositorys_remotes(tmp_path):
    main = checkout(tmp_path / "main")
    (main / ".git" / "worktrees" / "side").mkdir(parents=True)
    (main / ".git" / "worktrees" / "side" / "commondir").write_text("../..\n")
    side = tmp_path / "side"
    side.mkdir()
    (side / ".git").write_text(f"gitdir: {main}/.git/worktrees/side\n")
    assert find_checkout(side).repository == REPOSITORY


def test_what_git_itself_writes_is_understood(tmp_path):
    try:
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git is not installed")
    subprocess.run(
        ["git", "-C", str(tmp_path), "remote", "add", "origin", "git@github.com:octo/sample.proj.git"], check=True
    )
    assert find_checkout(tmp_path).repository == REPOSITORY


def test_a_folder_with_workflows_and_no_git_is_read(tmp_path):
    root = checkout(tmp_path / "unpacked")
    (root / ".git" / "config").unlink()
    (root / ".git").rmdir()
    found = find_checkout(root)
    assert (found.root, found.repository, len(found.files)) == (root, None, 4)


@pytest.mark.parametrize("name", ["nothing", "file", "."])
def test_what_is_no_checkout_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError) as error:
        find_checkout(tmp_path / name)
    assert "OWNER/REPO" in error.value.hint


def test_files_are_read_in_order_and_missing_ones_are_missing(tmp_path):
    root = checkout(tmp_path)
    first, second, third = read_files(root, ["tools/release.sh", "tools/none.sh", "tools"])
    assert isinstance(first, Found)
    assert first.value.content == b"#!/bin/sh\n"
    assert isinstance(second, Missing)
    assert isinstance(third, Unreadable)


@pytest.mark.parametrize("path", ["../outside", "/etc/hostname", "link", "folder/outside"])
def test_nothing_outside_of_the_checkout_is_read(tmp_path, path):
    root = checkout(tmp_path / "root")
    (tmp_path / "outside").write_text("secret")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "folder").symlink_to(tmp_path)
    (reading,) = read_files(root, [path])
    assert isinstance(reading, Unreadable)
    assert "outside" in reading.because


def test_a_workflow_that_cannot_be_read_is_an_error_and_not_left_out(tmp_path):
    root = checkout(tmp_path / "root")
    (tmp_path / "outside.yml").write_text("on: push")
    (root / ".github/workflows/linked.yml").symlink_to(tmp_path / "outside.yml")
    with pytest.raises(UsageError) as error:
        find_checkout(root)
    assert "linked.yml" in error.value.what


def test_a_file_larger_than_any_script_is_unreadable(tmp_path, monkeypatch):
    monkeypatch.setattr("keyless.services.system.checkout.LARGEST", 5)
    (reading,) = read_files(checkout(tmp_path), ["tools/release.sh"])
    assert isinstance(reading, Unreadable)


@pytest.mark.parametrize(
    ("head", "branch"), [("ref: refs/heads/topic/one\n", "topic/one"), ("0" * 40 + "\n", None), (None, None)]
)
def test_the_branch_that_is_checked_out_is_known(tmp_path, head, branch):
    """A call of the own repository by its name is at this branch's text only where it names this branch."""
    root = checkout(tmp_path)
    if head is not None:
        (root / ".git" / "HEAD").write_text(head)
    found = find_checkout(root)
    assert found.branch == branch
    assert found.here == Here(REPOSITORY, branch)


def test_a_folder_that_is_no_checkout_is_nobodys(tmp_path):
    """Without a remote nothing tells whose files they are."""
    (tmp_path / ".github").mkdir()
    assert find_checkout(tmp_path).here is None
