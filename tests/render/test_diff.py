"""A change of a file as a diff: every changed line, every reason, every difference visible."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.model.workflow import FileChange
from keyless.render.diff import diff_lines, diff_text
from tests.render.values import CHANGE, EVIL


def kinds(change: FileChange) -> list[tuple[str, str]]:
    return [(line.kind, line.text) for line in diff_lines(change)]


def test_added_and_removed_lines_are_shown_with_their_reasons():
    """One sentence per hunk, beside it."""
    shown = kinds(CHANGE)
    assert ("file", "--- .github/workflows/release.yml") in shown
    assert ("added", "+      id-token: write") in shown
    assert ("removed", "-          password: ${{ secrets.T }}") in shown
    assert [text for kind, text in shown if kind == "why"] == [hunk.why for hunk in CHANGE.hunks]


def test_a_reason_stands_with_the_group_of_lines_it_is_about():
    """Two changes far apart have a reason each."""
    lines = [b"line %d\n" % number for number in range(60)]
    after = [b"changed\n" if number in (5, 50) else line for number, line in enumerate(lines)]
    from keyless.model.workflow import Hunk

    change = FileChange("f", b"".join(lines), b"".join(after), (Hunk(6, (), (), "first"), Hunk(51, (), (), "second")))
    shown = [text for kind, text in kinds(change) if kind in {"why", "removed"}]
    assert shown == ["first", "-line 5", "second", "-line 50"]


def test_windows_line_ends_are_no_noise_but_a_change_of_them_is_seen():
    """A file with CRLF throughout shows none; one that loses them shows every one."""
    same = FileChange("f", b"a\r\nb\r\n", b"a\r\nc\r\n")
    assert [text for _, text in kinds(same)][3:] == [" a", "-b", "+c"]
    lost = FileChange("f", b"a\r\n", b"a\n")
    assert ("removed", "-a\\x0d") in kinds(lost)
    assert ("added", "+a") in kinds(lost)


def test_a_missing_line_end_at_the_end_is_shown():
    """Otherwise the two lines would look alike."""
    shown = [text for _, text in kinds(FileChange("f", b"a", b"a\n"))]
    assert shown[3:] == ["-a", "\\ No newline at end of file", "+a"]


def test_no_change_is_no_lines():
    """Only the names are left."""
    assert [kind for kind, _ in kinds(FileChange("f", b"a\n", b"a\n"))] == ["file", "file"]


def test_bytes_that_are_no_text_are_shown_escaped():
    """A workflow in another encoding is still shown."""
    assert ("added", "+\\xff") in kinds(FileChange("f", b"", b"\xff\n"))


def test_what_a_file_says_moves_no_cursor():
    """A workflow from a fork may hold escapes."""
    for _, text in kinds(FileChange(EVIL, b"", EVIL.encode() + b"\n")):
        assert not set(text) & set("\x1b\x07\r\u202e\u200b")


@given(
    before=st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=12),
    after=st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=12),
)
def test_the_diff_says_all_that_changed(before: list[str], after: list[str]):
    """Taking the removed lines out and the added ones in, within the groups, gives the lines after."""
    change = FileChange("f", "".join(f"{x}\n" for x in before).encode(), "".join(f"{x}\n" for x in after).encode())
    shown = kinds(change)
    removed = [text[1:] for kind, text in shown if kind == "removed"]
    added = [text[1:] for kind, text in shown if kind == "added"]
    assert sorted([*before, *added]) == sorted([*after, *removed])
    assert (removed or added) if before != after else not (removed or added)


@pytest.mark.parametrize("after", [CHANGE.after, CHANGE.before + b"more", b"", b"x"])
def test_the_text_is_a_patch_that_git_applies(tmp_path: Path, after: bytes):
    """Whoever reads the JSON can apply it."""
    path = tmp_path / CHANGE.path
    path.parent.mkdir(parents=True)
    path.write_bytes(CHANGE.before)
    text = diff_text(FileChange(CHANGE.path, CHANGE.before, after))
    subprocess.run(["git", "apply", "-p0", "-"], cwd=tmp_path, input=text.encode(), check=True, capture_output=True)
    assert path.read_bytes() == after
