"""Where state lies, and that nobody else can look into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keyless.errors import UsageError
from keyless.model.realm import Realm
from keyless.services.system import prepare, state_folder


def test_the_realms_have_different_folders():
    folders = {state_folder(realm, environment={"KEYLESS_HOME": "/somewhere"}) for realm in Realm}
    assert folders == {Path("/somewhere/real"), Path("/somewhere/rehearsal")}


def test_without_an_override_it_is_the_systems_place(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    folder = state_folder(Realm.REAL, environment={})
    assert folder.is_relative_to(tmp_path)
    assert folder.parts[-2:] == ("keyless", "real")


def test_a_rehearsal_that_is_kept_has_its_state_beside_its_world(tmp_path):
    assert state_folder(Realm.REHEARSAL, tmp_path).is_relative_to(tmp_path)


def test_reality_never_has_its_state_in_a_rehearsals_folder(tmp_path):
    folder = state_folder(Realm.REAL, tmp_path, environment={"KEYLESS_HOME": "/somewhere"})
    assert folder == Path("/somewhere/real")


@pytest.mark.parametrize("override", ["relative", "~/x", "."])
def test_an_override_that_is_not_absolute_is_refused(override):
    with pytest.raises(UsageError) as error:
        state_folder(Realm.REAL, environment={"KEYLESS_HOME": override})
    assert "KEYLESS_HOME" in str(error.value)


def test_no_home_folder_is_a_clear_error(monkeypatch):
    monkeypatch.setattr("platformdirs.user_state_dir", lambda *_, **__: "~/.local/state/keyless")
    with pytest.raises(UsageError) as error:
        state_folder(Realm.REAL, environment={})
    assert "no home folder" in error.value.what
    assert "KEYLESS_HOME" in error.value.hint


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_prepared_folder_is_its_owners_alone_under_any_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        folder = prepare(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_read_is_narrowed(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    prepare(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_preparing_twice_equals_once(tmp_path):
    assert prepare(prepare(tmp_path / "x")) == tmp_path / "x"


def test_a_symbolic_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UsageError) as error:
        prepare(tmp_path / "link")
    assert "symbolic link" in error.value.what


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError):
            prepare(place)


def test_another_users_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(UsageError) as error:
        prepare(tmp_path)
    assert "another user" in error.value.what


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError) as error:
        prepare(tmp_path / "x")
    assert "not writable" in error.value.what
