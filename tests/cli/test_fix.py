"""keyless fix: what it writes, what it leaves, what it says, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.checkouts import DECLINED, TOKEN, TRUSTED, WORKFLOW, Program, checkout
from tests.cli.checkouts import keyless as keyless  # noqa: PLC0414  # a fixture
from tests.workflows.tokens import token

OTHER = ".github/workflows/other.yml"
CRLF = TOKEN.replace("\n", "\r\n")


def texts(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("flags", [["--diff"], ["--dry-run"], ["--check"], ["--check", "--diff"]])
def test_diff_and_check_show_the_change_and_write_nothing(keyless: Program, tmp_path: Path, flags: list[str]):
    """Only --check makes CI fail."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN})
    before = texts(place)
    ran = keyless("fix", place, *flags)
    assert ran.code == (20 if "--check" in flags else 0)
    assert "-          password: ${{ secrets.PYPI_TOKEN }}" in ran.out
    assert "+      id-token: write" in ran.out
    assert "(The token goes: " in ran.out
    assert texts(place) == before
    assert not (keyless.state / "fixes").exists()


def test_check_is_content_with_what_needs_no_change(keyless: Program, tmp_path: Path):
    """As a job of CI runs it after the migration."""
    ran = keyless("fix", "--check", checkout(tmp_path, {WORKFLOW: TRUSTED}))
    assert (ran.code, ran.err) == (0, "")
    assert "Nothing to change" in ran.out


@pytest.mark.parametrize(
    "text", [TOKEN, CRLF, TOKEN.rstrip("\n"), "\ufeff" + TOKEN], ids=["lf", "crlf", "no-end", "bom"]
)
def test_a_fix_is_written_once_and_undone_to_the_same_bytes(keyless: Program, tmp_path: Path, text: str):
    """Whatever the line ends are; a second undo has nothing to do and says so."""
    place = checkout(tmp_path, {WORKFLOW: text, OTHER: "on: push\njobs: {}\n"})
    before = texts(place)
    ran = keyless("fix", place)
    assert ran.code == 0, ran.err
    after = texts(place)
    assert {path for path in before if before[path] != after[path]} == {WORKFLOW}
    assert b"PYPI_TOKEN" not in after[WORKFLOW]
    assert keyless("fix", "--check", place).code == 0
    shown = keyless("fix", "--undo", "--diff", place)
    assert "+          password: ${{ secrets.PYPI_TOKEN }}" in shown.out
    assert texts(place) == after
    assert keyless("fix", "--undo", place).code == 0
    assert texts(place) == before
    again = keyless("fix", "--undo", place)
    assert again.code == 2
    assert "no fix" in again.err


def test_what_was_changed_after_the_fix_is_not_lost_by_an_undo(keyless: Program, tmp_path: Path):
    """It refuses, and touches no file at all."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN, OTHER: TOKEN})
    assert keyless("fix", place).code == 0
    mine = (place / OTHER).read_bytes() + b"# mine\n"
    (place / OTHER).write_bytes(mine)
    before = texts(place)
    ran = keyless("fix", "--undo", place)
    assert ran.code == 12
    assert OTHER in ran.err
    assert texts(place) == before
    (place / OTHER).write_bytes(mine.removesuffix(b"# mine\n"))
    assert keyless("fix", "--undo", place).code == 0
    assert (place / OTHER).read_text() == TOKEN


def test_two_fixes_are_undone_one_after_the_other(keyless: Program, tmp_path: Path):
    """The last one first."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN})
    first = texts(place)
    assert keyless("fix", place).code == 0
    (place / OTHER).write_text(TOKEN)
    second = texts(place)
    assert keyless("fix", place).code == 0
    assert keyless("fix", "--undo", place).code == 0
    assert texts(place) == second
    assert keyless("fix", "--undo", place).code == 0
    assert texts(place) == {**first, OTHER: TOKEN.encode()}


def test_one_file_can_be_named(keyless: Program, tmp_path: Path):
    """The others stay as they are and are not spoken of."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN, OTHER: TOKEN, ".github/workflows/windows.yml": DECLINED})
    assert keyless("fix", place / OTHER).code == 0
    assert (place / WORKFLOW).read_text() == TOKEN
    assert (place / OTHER).read_text() != TOKEN


def test_one_file_can_be_named_in_a_folder_that_is_no_checkout(keyless: Program, tmp_path: Path):
    """The folder around its `.github` is what counts."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN}, remote=None)
    (place / ".git").rmdir()
    assert keyless("fix", place / WORKFLOW).code == 0
    assert (place / WORKFLOW).read_text() != TOKEN
    assert keyless("fix", "--undo", place).code == 0
    assert (place / WORKFLOW).read_text() == TOKEN


def test_what_is_declined_says_why_and_what_to_do_by_hand(keyless: Program, tmp_path: Path):
    """And the rest is changed all the same; the exit code says that something is left."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN, OTHER: DECLINED})
    ran = keyless("--json", "fix", place)
    assert ran.code == 20
    report = ran.result("FixReport")
    assert (report["changed"], report["written"]) == ([WORKFLOW], True)
    (left,) = report["declined"]
    assert left["path"] == OTHER
    assert "windows-latest" in left["because"]
    assert len(left["by_hand"]) >= 2
    assert (place / OTHER).read_text() == DECLINED
    shown = keyless("fix", "--diff", place)
    assert shown.code == 0
    assert f"{OTHER} was left as it is: job 'publish' runs on windows-latest" in shown.out
    assert "  1. " in shown.out


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ([], None),
        (["--environment", "release"], "release"),
        (["--environment", "pypi=release"], "release"),
        (["--environment", "testpypi=release"], None),
    ],
)
def test_an_environment_is_written_where_it_was_asked_for(
    keyless: Program, tmp_path: Path, flags: list[str], named: str | None
):
    """By the same flag as migrate's; the publisher that is shown names it too."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN})
    ran = keyless("fix", place, *flags)
    assert ran.code == 0
    assert ("environment: release" in (place / WORKFLOW).read_text()) is (named is not None)
    assert f"environment={named or ''}\n" in ran.out


def test_no_copy_is_kept_of_a_file_with_a_token_in_its_text(keyless: Program, tmp_path: Path):
    """S7: the undo says so beforehand; other files of the same fix come back."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN.replace("${{ secrets.PYPI_TOKEN }}", token()), OTHER: TOKEN})
    ran = keyless("--json", "fix", place)
    assert ran.result("FixReport")["unkept"] == [WORKFLOW]
    assert keyless("fix", "--undo", place).code == 0
    assert (place / OTHER).read_text() == TOKEN
    assert token()[20:60] not in (place / WORKFLOW).read_text()


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\xfe", None])
def test_a_damaged_way_back_is_refused(keyless: Program, tmp_path: Path, damage: bytes | None):
    """S8: nothing is believed that is not what was written, byte for byte."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN})
    keyless("fix", place)
    before = texts(place)
    (kept,) = (keyless.state / "fixes").rglob("*.json")
    kept.write_bytes(kept.read_bytes().replace(b"1", b"2", 1) if damage is None else damage)
    ran = keyless("fix", "--undo", place)
    assert ran.code == 2
    assert "damaged" in ran.err
    assert texts(place) == before


def test_a_link_in_the_place_of_a_workflow_is_not_written_through(keyless: Program, tmp_path: Path):
    """Neither by a fix nor by its undo."""
    place = checkout(tmp_path / "here", {OTHER: TOKEN})
    outside = tmp_path / "elsewhere.yml"
    outside.write_text(TOKEN)
    (place / WORKFLOW).symlink_to(outside)
    ran = keyless("fix", place)
    assert ran.code != 0
    assert outside.read_text() == TOKEN
    assert (place / OTHER).read_text() == TOKEN


def test_undo_and_check_do_not_go_together(keyless: Program, tmp_path: Path):
    """One looks for work, the other takes work back."""
    assert keyless("fix", "--undo", "--check", checkout(tmp_path, {WORKFLOW: TOKEN})).code == 2
