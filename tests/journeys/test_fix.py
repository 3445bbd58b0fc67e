"""fix between two files: what is written, what a failure leaves, and that its way back is there before the first byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyless.errors import Locked, StalePlan, UsageError
from keyless.journal import Lock
from keyless.journeys.fix import Fixer, plan_fix
from keyless.model.github import SourceFile
from keyless.services.system import SystemClock, local_files
from tests.cli.checkouts import TOKEN, TRUSTED, checkout

ONE, TWO = ".github/workflows/one.yml", ".github/workflows/two.yml"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return checkout(tmp_path / "here", {ONE: TOKEN, TWO: TOKEN})


@pytest.fixture
def fixer(place: Path, tmp_path: Path) -> Fixer:
    return Fixer(place, tmp_path / "state", SystemClock(), "this test")


def changes(place: Path):
    files = [SourceFile(path, (place / path).read_bytes()) for path in (ONE, TWO)]
    return plan_fix(files, lambda paths: (), {}).changes


def kept(fixer: Fixer) -> list[Path]:
    return list((fixer.state / "fixes").rglob("*.json"))


def test_a_kill_between_two_files_leaves_a_way_back_for_the_first(
    place: Path, fixer: Fixer, monkeypatch: pytest.MonkeyPatch
):
    """The second file is as it was already."""
    write = local_files.replace_atomically

    def once(path: Path, content: bytes) -> None:
        if path.name == "two.yml":
            raise KeyboardInterrupt
        write(path, content)

    monkeypatch.setattr(local_files, "replace_atomically", once)
    with pytest.raises(KeyboardInterrupt):
        fixer.write(changes(place))
    monkeypatch.undo()
    assert (place / ONE).read_text() != TOKEN
    inverse, back = fixer.way_back()
    assert [change.path for change in back] == [ONE]
    fixer.undo(inverse, back)
    assert (place / ONE).read_text() == (place / TWO).read_text() == TOKEN
    assert kept(fixer) == []


def test_a_fix_that_wrote_nothing_leaves_nothing_to_undo(place: Path, fixer: Fixer):
    """A file moved on between the look and the writing."""
    planned = changes(place)
    (place / TWO).write_text(TRUSTED)
    with pytest.raises(StalePlan):
        fixer.write(planned)
    assert (place / ONE).read_text() == TOKEN
    assert kept(fixer) == []
    with pytest.raises(UsageError, match="no fix"):
        fixer.way_back()


def test_what_is_kept_is_the_owners_alone(place: Path, fixer: Fixer):
    """Workflows of a private repository are nobody else's business."""
    fixer.write(changes(place))
    (file,) = kept(fixer)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_two_fixes_of_one_checkout_do_not_meet(place: Path, fixer: Fixer):
    """The second says who is at it."""
    with Lock(fixer.state / "locks", f"fix {place}", "somebody"), pytest.raises(Locked, match="somebody"):
        fixer.write(changes(place))
    assert (place / ONE).read_text() == TOKEN


def test_another_checkouts_way_back_is_not_taken(place: Path, fixer: Fixer, tmp_path: Path):
    """Even where its record is copied into the place of this one's."""
    fixer.write(changes(place))
    other = Fixer(checkout(tmp_path / "there", {ONE: TOKEN, TWO: TOKEN}), fixer.state, fixer.clock, "this test")
    other.write(changes(other.root))
    mine, theirs = sorted(kept(fixer), key=lambda path: other.way_back()[0].name == path.name)
    mine.unlink()
    theirs.rename(mine.parent / theirs.name)
    with pytest.raises(UsageError, match="another checkout"):
        fixer.way_back()


def test_only_the_file_that_was_named_is_planned(place: Path):
    """Scripts and actions of the others are still read."""
    files = [SourceFile(path, (place / path).read_bytes()) for path in (ONE, TWO)]
    assert [c.path for c in plan_fix(files, lambda paths: (), {}, TWO).changes] == [TWO]
