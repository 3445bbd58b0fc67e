"""A changed workflow in the user's checkout: the old bytes or the new ones, never a part."""

from __future__ import annotations

import os

import pytest

from keyless.errors import StalePlan, UsageError
from keyless.model.workflow import FileChange
from keyless.services.system import apply_change, replace_atomically, write_files

PATH = "release.yml"
CHANGE = FileChange(PATH, b"old\r\n", b"new\r\n")


@pytest.fixture
def root(tmp_path):
    (tmp_path / PATH).write_bytes(CHANGE.before)
    return tmp_path


def test_the_old_bytes_become_the_new_ones(root):
    assert apply_change(root, CHANGE)
    assert (root / PATH).read_bytes() == CHANGE.after


def test_a_second_time_there_is_nothing_to_do(root):
    apply_change(root, CHANGE)
    assert not apply_change(root, CHANGE)


def test_there_and_back_is_the_identity(root):
    apply_change(root, CHANGE)
    apply_change(root, FileChange(PATH, CHANGE.after, CHANGE.before))
    assert (root / PATH).read_bytes() == CHANGE.before


def test_other_bytes_are_a_stale_plan_and_stay(root):
    (root / PATH).write_bytes(b"mine")
    with pytest.raises(StalePlan):
        apply_change(root, CHANGE)
    assert (root / PATH).read_bytes() == b"mine"


def test_a_file_that_is_gone_is_a_stale_plan(root):
    (root / PATH).unlink()
    with pytest.raises(StalePlan):
        apply_change(root, CHANGE)


def test_the_mode_is_kept(root):
    (root / PATH).chmod(0o640)
    apply_change(root, CHANGE)
    assert (root / PATH).stat().st_mode & 0o777 == 0o640


def test_a_link_is_not_written_through(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "file"
    outside.write_bytes(CHANGE.before)
    (root / "link.yml").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    for path in ("link.yml", "folder/file", "../x"):
        with pytest.raises((UsageError, StalePlan)):
            apply_change(root, FileChange(path, CHANGE.before, CHANGE.after))
    assert outside.read_bytes() == CHANGE.before


def test_of_several_files_none_is_written_when_one_is_stale(root):
    (root / "other.yml").write_bytes(b"moved")
    with pytest.raises(StalePlan):
        write_files(root, (CHANGE, FileChange("other.yml", b"x", b"y")))
    assert (root / PATH).read_bytes() == CHANGE.before


def test_several_files_go_on_where_a_crash_left_them(root):
    (root / "other.yml").write_bytes(b"y")
    write_files(root, (CHANGE, FileChange("other.yml", b"x", b"y")))
    assert (root / PATH).read_bytes() == CHANGE.after


@pytest.mark.parametrize("broken", ["fsync", "replace", "fchmod"])
def test_a_disk_that_fails_leaves_the_old_bytes_and_no_rest(root, monkeypatch, broken):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(UsageError) as error:
        apply_change(root, CHANGE)
    assert "No space left" in error.value.what
    assert (root / PATH).read_bytes() == CHANGE.before
    assert [path.name for path in root.iterdir()] == [PATH]


def test_replacing_what_is_not_there_raises_and_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        replace_atomically(tmp_path / "nothing", b"x")
    assert list(tmp_path.iterdir()) == []
