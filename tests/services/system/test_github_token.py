"""Whose GitHub token is used, and that a rehearsal never takes a real one."""

from __future__ import annotations

import pytest

from keyless.errors import NotAllowed
from keyless.model.realm import Realm
from keyless.services.system import find_github_token

TOKEN = "ghp_" + "k3yl3ss" * 5 + "A"


def program(tmp_path, text):
    path = tmp_path / "gh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("environment", "origin"),
    [
        ({"GH_TOKEN": TOKEN, "GITHUB_TOKEN": "other"}, "GH_TOKEN"),
        ({"GH_TOKEN": " ", "GITHUB_TOKEN": f" {TOKEN}\n"}, "GITHUB_TOKEN"),
    ],
)
def test_the_environment_comes_first_in_its_order(environment, origin):
    found = find_github_token(Realm.REAL, environment, gh="/nonexistent")
    assert found.token.reveal() == TOKEN
    assert origin in found.origin


def test_gh_is_asked_when_the_environment_has_none(tmp_path):
    gh = program(tmp_path, f'[ "$*" = "auth token --hostname github.com" ] && echo {TOKEN}')
    found = find_github_token(Realm.REAL, {}, gh=gh)
    assert found.token.reveal() == TOKEN
    assert found.origin == "gh auth token"


@pytest.mark.parametrize("text", ["exit 1", "echo", "exit 0", f"echo {TOKEN}; exit 4"])
def test_no_token_says_how_to_get_one(tmp_path, text):
    with pytest.raises(NotAllowed) as refusal:
        find_github_token(Realm.REAL, {}, gh=program(tmp_path, text))
    assert "gh auth login" in refusal.value.hint
    assert "GH_TOKEN" in refusal.value.hint


def test_a_gh_that_cannot_be_started_is_no_token(tmp_path):
    with pytest.raises(NotAllowed):
        find_github_token(Realm.REAL, {}, gh=str(tmp_path / "nothing"))


def test_a_gh_that_hangs_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("keyless.services.system.github_token._PATIENCE", 0.05)
    with pytest.raises(NotAllowed):
        find_github_token(Realm.REAL, {}, gh=program(tmp_path, "exec sleep 5"))


def test_a_rehearsal_takes_none_of_them(tmp_path):
    marker = tmp_path / "asked"
    gh = program(tmp_path, f"touch {marker}; echo {TOKEN}")
    with pytest.raises(NotAllowed):
        find_github_token(Realm.REHEARSAL, {"GH_TOKEN": TOKEN}, gh=gh)
    assert not marker.exists()
